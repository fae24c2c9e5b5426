-- private.my_roles: the caller's roles that count now. The one place of that rule: gates and the
-- policies that bind pms_rpc read it, inlined, once a statement.

CREATE VIEW private.my_roles
    WITH (security_invoker = true)
AS
SELECT
    r.yacht_id,
    r.role
FROM public.auth_users_roles AS r
WHERE r.user_id = auth.uid()
  AND r.is_active
  AND r.valid_from <= now()
  AND (r.valid_until IS NULL OR r.valid_until > now());

ALTER VIEW private.my_roles OWNER TO pms_owner;
COMMENT ON VIEW private.my_roles IS 'The caller''s roles that count now, by yacht.';
REVOKE ALL ON TABLE private.my_roles FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE private.my_roles TO pms_rpc;
