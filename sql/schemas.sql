-- schemas: `public` is the API, `private` is the machinery, which no API role can use.

CREATE SCHEMA private;
ALTER SCHEMA private OWNER TO pms_owner;
COMMENT ON SCHEMA private IS 'Machinery of Part Lens; no API role has any right here.';
REVOKE ALL ON SCHEMA private FROM PUBLIC, anon, authenticated, service_role;

-- CREATE: a deployer who is no superuser can give an object only to a role that may create there.
GRANT USAGE, CREATE ON SCHEMA private TO pms_rpc;
-- A database that began before PostgreSQL 15 still lets everybody create here.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO pms_owner, pms_rpc;
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
