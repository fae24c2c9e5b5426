-- Verify part_lens_tenant:refusals on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM code, http_status, message, hint
    FROM private.refusals
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_rpc'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY['refusals_pkey', 'refusal_is_a_client_error'] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('who may what', '{pms_rpc SELECT}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE has_table_privilege(r.role, c.oid, p.privilege)
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'private.refusals'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'private.refusals is not as planned: %', v_wrong;
    END IF;

    SELECT string_agg(f.fault, ', ')
    INTO v_wrong
    FROM (VALUES
        ('a code is missing', ARRAY[
            'invalid_argument', 'invalid_quantity', 'missing_idempotency_key', 'same_location',
            'not_on_yacht', 'role_not_allowed', 'part_not_found', 'stock_not_found',
            'location_not_found', 'insufficient_stock', 'duplicate_idempotency_key',
            'idempotency_key_reused', 'part_deactivated', 'location_deactivated', 'stale_count',
            'location_name_taken', 'part_number_taken'
        ] <@ ARRAY(
            SELECT r.code FROM private.refusals AS r)),
        ('not_on_yacht is not answered with 403', EXISTS (
            SELECT
            FROM private.refusals AS r
            WHERE r.code = 'not_on_yacht'
              AND r.http_status = 403))
    ) AS f (fault, is_ruled_out)
    WHERE f.is_ruled_out IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
