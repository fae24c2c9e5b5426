-- Revert part_lens_tenant:audit_months from pg

BEGIN;

-- All months, those that were added since too; what is on record goes with them.

DO $audit_months$
DECLARE
    v_partition regclass;
BEGIN
    FOR v_partition IN
        SELECT i.inhrelid::regclass
        FROM pg_catalog.pg_inherits AS i
        WHERE i.inhparent = 'public.pms_audit_log'::regclass
    LOOP
        EXECUTE format('DROP TABLE %s', v_partition);
    END LOOP;
END
$audit_months$;

DROP FUNCTION private.drop_audit_months(date);
DROP FUNCTION private.guard_audit_partition(text);
DROP FUNCTION private.add_audit_months(date, date);

COMMIT;
