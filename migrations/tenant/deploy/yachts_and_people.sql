-- Deploy part_lens_tenant:yachts_and_people to pg
-- requires: uuid_v7

BEGIN;

-- yacht_registry: the yachts of this tenant.

CREATE TABLE public.yacht_registry (
    yacht_id   uuid        NOT NULL DEFAULT private.uuid_v7(),
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT yacht_registry_pkey PRIMARY KEY (yacht_id),
    CONSTRAINT yacht_has_a_name CHECK (name = btrim(name) AND name <> '')
);

ALTER TABLE public.yacht_registry OWNER TO pms_owner;
COMMENT ON TABLE public.yacht_registry IS 'The yachts of this tenant.';
REVOKE ALL ON TABLE public.yacht_registry FROM PUBLIC, anon, authenticated, service_role;

-- auth_users_roles: which role a person has on which yacht, and when. The token never says this.

CREATE TABLE public.auth_users_roles (
    user_id     uuid        NOT NULL,
    yacht_id    uuid        NOT NULL,
    role        text        NOT NULL,
    is_active   boolean     NOT NULL DEFAULT true,
    valid_from  timestamptz NOT NULL DEFAULT now(),
    valid_until timestamptz,
    CONSTRAINT auth_users_roles_pkey PRIMARY KEY (user_id, yacht_id, role),
    CONSTRAINT role_is_known CHECK (role IN (
        'crew', 'deckhand', 'steward', 'engineer', 'eto', 'chief_engineer', 'chief_officer',
        'chief_steward', 'purser', 'captain', 'manager')),
    CONSTRAINT role_ends_after_it_begins CHECK (valid_until > valid_from),
    CONSTRAINT role_is_on_a_yacht FOREIGN KEY (yacht_id)
        REFERENCES public.yacht_registry (yacht_id) ON DELETE RESTRICT
);

-- Serves the foreign key and "who is on this yacht".
CREATE INDEX auth_users_roles_by_yacht ON public.auth_users_roles (yacht_id, user_id);

ALTER TABLE public.auth_users_roles OWNER TO pms_owner;
COMMENT ON TABLE public.auth_users_roles IS
    'The role of a person on a yacht. An inactive role, or one out of its dates, counts for nothing.';
COMMENT ON COLUMN public.auth_users_roles.user_id IS 'Claim `sub` of the person''s token.';
COMMENT ON COLUMN public.auth_users_roles.valid_until IS 'First moment at which it no longer counts; NULL: open.';
REVOKE ALL ON TABLE public.auth_users_roles FROM PUBLIC, anon, authenticated, service_role;

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

-- private.my_yachts: the yachts of the caller, for the policies that bind API roles. It runs with the
-- rights of pms_rpc because those roles may not read the roles of everybody, and without arguments,
-- so that a policy calls it once a statement and not once a row.
-- PL/pgSQL because its plan is kept; a function in SQL is planned at each call.

CREATE FUNCTION private.my_yachts(p_roles text[] DEFAULT NULL)
    RETURNS uuid[]
    LANGUAGE plpgsql
    STABLE
    PARALLEL SAFE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT m.yacht_id), '{}')
        FROM private.my_roles AS m
        WHERE p_roles IS NULL
           OR m.role = ANY (p_roles)
    );
END
$function$;

ALTER FUNCTION private.my_yachts(text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.my_yachts(text[]) IS
    'Yachts on which the caller has a role that counts now; p_roles: only those roles.';
REVOKE ALL ON FUNCTION private.my_yachts(text[]) FROM PUBLIC, anon, authenticated, service_role;
-- A policy is checked as the role that reads; without USAGE on the schema that role cannot name it.
GRANT EXECUTE ON FUNCTION private.my_yachts(text[]) TO authenticated;

-- yacht_registry: people see the yachts on which they have a role. The deployer alone writes.

ALTER TABLE public.yacht_registry ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.yacht_registry FORCE ROW LEVEL SECURITY;

-- A person sees the yachts on which they have a role.
CREATE POLICY select_people ON public.yacht_registry
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (yacht_id = ANY ((SELECT private.my_yachts())::uuid[]));

GRANT SELECT ON TABLE public.yacht_registry TO authenticated;

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

COMMIT;
