-- auth_users_roles: people see who is on their yachts. The deployer alone writes.

ALTER TABLE public.auth_users_roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.auth_users_roles FORCE ROW LEVEL SECURITY;

-- A person sees the roles on their yachts.
CREATE POLICY select_people ON public.auth_users_roles
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (yacht_id = ANY ((SELECT private.my_yachts())::uuid[]));

-- Every policy of pms_rpc reads this table through private.my_roles: a condition here would recurse.
CREATE POLICY select_rpc ON public.auth_users_roles
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

GRANT SELECT ON TABLE public.auth_users_roles TO authenticated, pms_rpc;
