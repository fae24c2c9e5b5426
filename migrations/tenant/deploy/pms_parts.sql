-- Deploy part_lens_tenant:pms_parts to pg
-- requires: pms_part_locations

BEGIN;

-- private.units: the units in which parts are counted. Quantities are whole numbers of them.

CREATE FUNCTION private.units()
    RETURNS text[]
    LANGUAGE sql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT ARRAY['pcs', 'set', 'pair', 'kit', 'box', 'pack', 'roll', 'can', 'bottle', 'tin', 'tube',
                 'bag', 'drum', 'l', 'ml', 'kg', 'g', 'm']
$function$;

ALTER FUNCTION private.units() OWNER TO pms_rpc;
COMMENT ON FUNCTION private.units() IS 'The known units of parts.';
REVOKE ALL ON FUNCTION private.units() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION private.units() TO pms_owner;

-- pms_parts: the catalogue. What is in stock stands in the ledger, not here.

CREATE TABLE public.pms_parts (
    yacht_id            uuid        NOT NULL,
    part_id             uuid        NOT NULL DEFAULT private.uuid_v7(),
    part_number         text        NOT NULL,
    name                text        NOT NULL,
    description         text,
    manufacturer        text,
    category            text,
    unit                text        NOT NULL DEFAULT 'pcs',
    barcode             text,
    min_level           integer     NOT NULL DEFAULT 0,
    max_level           integer,
    is_critical         boolean     NOT NULL DEFAULT false,
    primary_location_id uuid,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    deleted_at          timestamptz,
    is_active           boolean     NOT NULL GENERATED ALWAYS AS (deleted_at IS NULL) STORED,
    CONSTRAINT pms_parts_pkey PRIMARY KEY (yacht_id, part_id),
    -- What a stock refers to: the key takes "is it active" along (see pms_inventory_stock).
    CONSTRAINT part_with_its_state UNIQUE (yacht_id, part_id, is_active),
    CONSTRAINT part_has_a_number CHECK (
        part_number = btrim(part_number) AND length(part_number) BETWEEN 1 AND 100),
    CONSTRAINT part_has_a_name CHECK (name = btrim(name) AND length(name) BETWEEN 1 AND 200),
    CONSTRAINT part_text_is_not_blank CHECK (
        description <> '' AND manufacturer <> '' AND category <> '' AND barcode <> ''),
    CONSTRAINT unit_is_known CHECK (unit = ANY (private.units())),
    CONSTRAINT min_level_is_in_range CHECK (min_level BETWEEN 0 AND 1000000),
    CONSTRAINT max_level_is_in_range CHECK (
        max_level BETWEEN 0 AND 1000000 AND max_level >= min_level),
    CONSTRAINT part_is_on_a_yacht FOREIGN KEY (yacht_id)
        REFERENCES public.yacht_registry (yacht_id) ON DELETE RESTRICT,
    CONSTRAINT primary_location_is_on_its_yacht FOREIGN KEY (yacht_id, primary_location_id)
        REFERENCES public.pms_part_locations (yacht_id, location_id) ON DELETE RESTRICT
);

-- "a-1" and "A-1" are one part number.
CREATE UNIQUE INDEX part_number_is_unique_on_its_yacht
    ON public.pms_parts (yacht_id, lower(part_number));
CREATE UNIQUE INDEX barcode_is_unique_on_its_yacht
    ON public.pms_parts (yacht_id, barcode)
    WHERE barcode IS NOT NULL;
-- Serves the foreign key on the location.
CREATE INDEX pms_parts_by_primary_location ON public.pms_parts (yacht_id, primary_location_id);

ALTER TABLE public.pms_parts OWNER TO pms_owner;
COMMENT ON TABLE public.pms_parts IS 'The parts of a yacht.';
COMMENT ON COLUMN public.pms_parts.part_number IS 'The maker''s number; unique on the yacht whatever its case.';
COMMENT ON COLUMN public.pms_parts.unit IS 'What a quantity of 1 is.';
COMMENT ON COLUMN public.pms_parts.barcode IS 'Digits or text of the code on the package; unique on the yacht.';
COMMENT ON COLUMN public.pms_parts.min_level IS 'Below this many units it is low; 0: never reported as low.';
COMMENT ON COLUMN public.pms_parts.max_level IS 'Order up to this many units; NULL: twice min_level.';
COMMENT ON COLUMN public.pms_parts.is_critical IS 'Whether the yacht may not sail without it.';
COMMENT ON COLUMN public.pms_parts.primary_location_id IS
    'Location whose stock is meant when a call names none.';
COMMENT ON COLUMN public.pms_parts.deleted_at IS 'When it was deactivated; NULL: active.';
REVOKE ALL ON TABLE public.pms_parts FROM PUBLIC, anon, authenticated, service_role;

-- pms_parts: people read the parts of their yachts; writes go through RPC only.

ALTER TABLE public.pms_parts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.pms_parts FORCE ROW LEVEL SECURITY;

-- A person sees the parts of their yachts.
CREATE POLICY select_people ON public.pms_parts
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (yacht_id = ANY ((SELECT private.my_yachts())::uuid[]));

-- An RPC sees the parts of the yacht that its gate opened.
CREATE POLICY select_rpc ON public.pms_parts
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- An RPC adds where the caller has a role that may.
CREATE POLICY insert_rpc ON public.pms_parts
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (EXISTS (
        SELECT
        FROM private.my_roles AS m
        JOIN private.action_registry AS a ON m.role = ANY (a.roles)
        WHERE m.yacht_id = pms_parts.yacht_id
          AND a.action IN ('create_part', 'update_part', 'import_parts')
    ));

-- An RPC changes and locks rows of the yacht that its gate opened; which roles may, its gate says.
CREATE POLICY update_rpc ON public.pms_parts
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid)
    WITH CHECK (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- No DELETE for anybody: rows are deactivated.
GRANT SELECT ON TABLE public.pms_parts TO authenticated;
GRANT SELECT, INSERT, UPDATE ON TABLE public.pms_parts TO pms_rpc;

COMMIT;
