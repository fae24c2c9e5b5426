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
-- Serves low_stock_parts: what has a minimum, in the order of that list.
CREATE INDEX pms_parts_as_low_stock_lists_them
    ON public.pms_parts (yacht_id, ((NOT is_critical)::integer), part_number, part_id)
    WHERE is_active AND min_level > 0;
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
