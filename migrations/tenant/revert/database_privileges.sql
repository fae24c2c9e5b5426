-- Revert part_lens_tenant:database_privileges from pg

BEGIN;

-- One database may play both parts: while the MASTER part is here, it needs the same.

DO $database_privileges$
BEGIN
    IF to_regnamespace('master') IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM authenticator, master_resolver',
                   current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
END
$database_privileges$;

COMMIT;
