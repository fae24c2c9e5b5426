-- Revert part_lens_tenant:totp_key from pg

BEGIN;

DROP FUNCTION private.totp_key(text);

-- A role that another database of the cluster still uses stays.
DO $role$
BEGIN
    IF to_regclass('vault.decrypted_secrets') IS NOT NULL THEN
        REVOKE SELECT ON TABLE vault.decrypted_secrets FROM pms_keyholder;
        REVOKE USAGE ON SCHEMA vault FROM pms_keyholder;
    END IF;
    IF shobj_description('pms_keyholder'::regrole, 'pg_authid') LIKE 'Part Lens:%' THEN
        DROP ROLE pms_keyholder;
    END IF;
EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
    RAISE NOTICE 'role pms_keyholder stays: something else uses it';
END
$role$;

COMMIT;
