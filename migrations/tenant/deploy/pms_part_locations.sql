-- Deploy part_lens_tenant:pms_part_locations to pg
-- requires: yachts_and_people
-- requires: action_registry

BEGIN;

-- pms_part_locations: where parts are kept, as a tree: deck, locker, bin.

CREATE TABLE public.pms_part_locations (
    yacht_id           uuid        NOT NULL,
    location_id        uuid        NOT NULL DEFAULT private.uuid_v7(),
    parent_location_id uuid,
    name               text        NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    deleted_at         timestamptz,
    is_active          boolean     NOT NULL GENERATED ALWAYS AS (deleted_at IS NULL) STORED,
    CONSTRAINT pms_part_locations_pkey PRIMARY KEY (yacht_id, location_id),
    -- What a stock refers to: the key takes "is it active" along (see pms_inventory_stock).
    CONSTRAINT location_with_its_state UNIQUE (yacht_id, location_id, is_active),
    CONSTRAINT location_has_a_name CHECK (
        name = btrim(name) AND length(name) BETWEEN 1 AND 200 AND name NOT LIKE '% / %'),
    CONSTRAINT location_is_not_in_itself CHECK (parent_location_id <> location_id),
    CONSTRAINT location_is_on_a_yacht FOREIGN KEY (yacht_id)
        REFERENCES public.yacht_registry (yacht_id) ON DELETE RESTRICT,
    CONSTRAINT location_is_in_a_location_of_its_yacht FOREIGN KEY (yacht_id, parent_location_id)
        REFERENCES public.pms_part_locations (yacht_id, location_id) ON DELETE RESTRICT
);

-- One name once in a parent; also serves the look-up of a path and the foreign key on the parent.
CREATE UNIQUE INDEX location_name_is_unique_in_its_parent
    ON public.pms_part_locations (yacht_id, parent_location_id, lower(name)) NULLS NOT DISTINCT;

ALTER TABLE public.pms_part_locations OWNER TO pms_owner;
COMMENT ON TABLE public.pms_part_locations IS 'Where parts are kept: a tree of deck, locker and bin.';
COMMENT ON COLUMN public.pms_part_locations.name IS
    'Name within the parent; holds no " / ", which separates the names of a path.';
COMMENT ON COLUMN public.pms_part_locations.deleted_at IS 'When it was deactivated; NULL: active.';
REVOKE ALL ON TABLE public.pms_part_locations FROM PUBLIC, anon, authenticated, service_role;

-- pms_part_locations: people read the locations of their yachts; writes go through RPC only.

ALTER TABLE public.pms_part_locations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.pms_part_locations FORCE ROW LEVEL SECURITY;

-- A person sees the locations of their yachts.
CREATE POLICY select_people ON public.pms_part_locations
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (yacht_id = ANY ((SELECT private.my_yachts())::uuid[]));

-- An RPC sees the locations of the yacht that its gate opened.
CREATE POLICY select_rpc ON public.pms_part_locations
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- An RPC adds where the caller has a role that may.
CREATE POLICY insert_rpc ON public.pms_part_locations
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (EXISTS (
        SELECT
        FROM private.my_roles AS m
        JOIN private.action_registry AS a ON m.role = ANY (a.roles)
        WHERE m.yacht_id = pms_part_locations.yacht_id
          AND a.action IN ('create_location', 'update_location', 'import_parts')
    ));

-- An RPC changes and locks rows of the yacht that its gate opened; which roles may, its gate says.
CREATE POLICY update_rpc ON public.pms_part_locations
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid)
    WITH CHECK (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- No DELETE for anybody: rows are deactivated.
GRANT SELECT ON TABLE public.pms_part_locations TO authenticated;
GRANT SELECT, INSERT, UPDATE ON TABLE public.pms_part_locations TO pms_rpc;

COMMIT;
