-- Verify part_lens_tenant:readiness_of_operation on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(e.measure, ', ' ORDER BY e.measure)
    INTO v_wrong
    FROM (VALUES
        ('hours_since_reconciliation', '<=', 2), ('log_error_verbosity', '=', 0)
    ) AS e (measure, comparison, threshold)
    LEFT JOIN private.canary_criteria AS c
      ON c.purpose = 'release'
     AND c.measure = e.measure
     AND c.comparison = e.comparison
     AND c.threshold = e.threshold
    WHERE c.measure IS NULL;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'criteria are not as planned: %', v_wrong;
    END IF;

    -- Nobody but the RPC's owner may call it.
    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_proc AS p
        WHERE p.oid = 'private.release_figures(timestamptz, text)'::regprocedure
          AND p.prosrc LIKE '%hours_since_reconciliation%'
          AND p.prosrc LIKE '%log_error_verbosity%'
          AND p.proowner = 'pms_rpc'::regrole
          AND NOT p.prosecdef
          AND 'search_path=pg_catalog, pg_temp' = ANY (p.proconfig)
          AND has_function_privilege('pms_rpc', p.oid, 'EXECUTE')
          AND NOT has_function_privilege('anon', p.oid, 'EXECUTE')
          AND NOT has_function_privilege('authenticated', p.oid, 'EXECUTE')
          AND NOT has_function_privilege('service_role', p.oid, 'EXECUTE')
    ) THEN
        RAISE EXCEPTION 'private.release_figures is not as planned';
    END IF;
END
$verify$;

ROLLBACK;
