-- pms_part_usage: people read what parts of their yachts were used for; writes go through RPC only.

ALTER TABLE public.pms_part_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.pms_part_usage FORCE ROW LEVEL SECURITY;

-- A person sees what was used on their yachts.
CREATE POLICY select_people ON public.pms_part_usage
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (yacht_id = ANY ((SELECT private.my_yachts())::uuid[]));

-- An RPC sees what was used on the yacht that its gate opened.
CREATE POLICY select_rpc ON public.pms_part_usage
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- A usage is recorded by who used the part.
CREATE POLICY insert_rpc ON public.pms_part_usage
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (used_by = auth.uid()
        AND yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- No UPDATE or DELETE for anybody: append-only.
GRANT SELECT ON TABLE public.pms_part_usage TO authenticated;
GRANT SELECT, INSERT ON TABLE public.pms_part_usage TO pms_rpc;
