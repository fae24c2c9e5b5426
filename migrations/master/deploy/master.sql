-- Deploy part_lens_master:master to pg
-- requires: roles

BEGIN;

-- The MASTER database: who belongs where. No secrets: connection strings stay in the environment of the
-- gateway.

CREATE SCHEMA master;
ALTER SCHEMA master OWNER TO pms_owner;
COMMENT ON SCHEMA master IS 'Which tenant a person belongs to.';
REVOKE ALL ON SCHEMA master FROM PUBLIC, anon, authenticated, service_role;
-- CREATE: a deployer who is no superuser can give a function only to a role that may create there.
GRANT USAGE, CREATE ON SCHEMA master TO pms_rpc;
GRANT USAGE ON SCHEMA master TO master_resolver;

COMMIT;
