-- Verify part_lens_tenant:canary_figures on pg

BEGIN;

DO $verify$
BEGIN
    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_proc AS p
        WHERE p.oid = 'private.canary_figures(timestamptz, timestamptz, timestamptz)'::regprocedure
          AND p.prosrc LIKE '%WHERE l.calls > 0%'
          AND p.proowner = 'pms_rpc'::regrole
          AND NOT p.prosecdef
          AND 'search_path=pg_catalog, pg_temp' = ANY (p.proconfig)
          AND NOT has_function_privilege('service_role', p.oid, 'EXECUTE')
    ) THEN
        RAISE EXCEPTION 'private.canary_figures is not as planned';
    END IF;
END
$verify$;

ROLLBACK;
