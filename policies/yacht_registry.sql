-- yacht_registry: people see the yachts on which they have a role. The deployer alone writes.

ALTER TABLE public.yacht_registry ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.yacht_registry FORCE ROW LEVEL SECURITY;

-- A person sees the yachts on which they have a role.
CREATE POLICY select_people ON public.yacht_registry
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (yacht_id = ANY ((SELECT private.my_yachts())::uuid[]));

-- A call of a service goes through the yachts, opening one at a time.
CREATE POLICY select_service ON public.yacht_registry
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role');

GRANT SELECT ON TABLE public.yacht_registry TO authenticated;
GRANT SELECT (yacht_id, name) ON TABLE public.yacht_registry TO pms_rpc;
