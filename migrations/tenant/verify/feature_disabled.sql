-- Verify part_lens_tenant:feature_disabled on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(f.fault, ', ')
    INTO v_wrong
    FROM (VALUES
        ('feature_disabled is not answered with 404', EXISTS (
            SELECT
            FROM private.refusals AS r
            WHERE r.code = 'feature_disabled'
              AND r.http_status = 404)),
        ('the gate does not ask the flag', EXISTS (
            SELECT
            FROM pg_catalog.pg_proc AS p
            WHERE p.oid = 'private.open_call(text, uuid, jsonb, text, jsonb)'::regprocedure
              AND p.prosrc LIKE '%public.feature_flags%'
              AND p.proowner = 'pms_rpc'::regrole
              AND 'search_path=pg_catalog, pg_temp' = ANY (p.proconfig))),
        ('people may open a call themselves', NOT EXISTS (
            SELECT
            FROM unnest(ARRAY['anon', 'authenticated', 'service_role']) AS r (role)
            WHERE has_function_privilege(
                r.role, 'private.open_call(text, uuid, jsonb, text, jsonb)', 'EXECUTE')))
    ) AS f (fault, is_ruled_out)
    WHERE f.is_ruled_out IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
