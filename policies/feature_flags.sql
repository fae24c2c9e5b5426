-- feature_flags: every person reads them, a service and the deployer change them.

ALTER TABLE public.feature_flags ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.feature_flags FORCE ROW LEVEL SECURITY;

-- A flag says nothing of any yacht, and an app asks it which version to offer; whoever has no token has
-- no app.
CREATE POLICY select_people ON public.feature_flags
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (true);

-- The gate of each RPC reads the flag.
CREATE POLICY select_rpc ON public.feature_flags
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

-- Only a call of a service changes a flag: no RPC of a person can, whatever is wrong with it.
CREATE POLICY update_service ON public.feature_flags
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (current_setting('role') = 'service_role')
    WITH CHECK (current_setting('role') = 'service_role');

-- No INSERT or DELETE for anybody: flags come with migrations.
GRANT SELECT ON TABLE public.feature_flags TO authenticated;
GRANT SELECT, UPDATE ON TABLE public.feature_flags TO pms_rpc;
