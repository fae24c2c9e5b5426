-- Verify part_lens_tenant:domains on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(format('%s: %s', e.type, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('private.signature_proof'::regtype, '{pms_owner,pms_rpc}'::text[]),
        ('private.audit_outcome'::regtype, '{pms_owner,pms_rpc}'::text[]),
        ('private.idempotency_key'::regtype, '{pms_owner,pms_rpc}'::text[])
    ) AS e (type, users)
    JOIN pg_catalog.pg_type AS t
      ON t.oid = e.type
    CROSS JOIN LATERAL (VALUES
        ('its owner', t.typowner = 'pms_owner'::regrole),
        ('its comment', obj_description(t.oid, 'pg_type') <> ''),
        ('who may use it', e.users = ARRAY(
            SELECT r.role
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_owner',
                              'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            WHERE has_type_privilege(r.role, t.oid, 'USAGE')
            ORDER BY r.place))
    ) AS f (fact, holds)
    WHERE f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'types are not as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
