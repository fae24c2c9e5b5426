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
