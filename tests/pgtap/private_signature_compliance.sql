-- Whether everything is signed that must be: seen in the rows, not in the constraints that make them so.
BEGIN;
SELECT plan(16);
SELECT tap.fleet();

CREATE FUNCTION tap.unsigned_write_off(
    p_signature    jsonb,
    p_signature_id uuid
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
AS $function$
DECLARE
    v_verdict text;
BEGIN
    PERFORM tap.insert_movement(tap.movement('write_off') || jsonb_build_object(
        'signature', p_signature, 'signature_id', p_signature_id));
    SELECT concat_ws(' ', c.total, c.signed, c.verdict) INTO v_verdict
    FROM private.signature_compliance() AS c
    WHERE c.kind = 'write_off';
    RAISE EXCEPTION USING ERRCODE = 'TAPOK', MESSAGE = v_verdict;
EXCEPTION WHEN SQLSTATE 'TAPOK' THEN
    RETURN SQLERRM;
END
$function$;

SELECT tap.is_service_rpc('signature_compliance');
SELECT set_eq(
    'SELECT c.source, c.kind FROM private.signature_compliance() AS c',
    $$SELECT 'ledger', t.type
      FROM unnest(ARRAY['adjusted', 'write_off', 'reversed']) AS t (type)
      UNION ALL
      SELECT 'audit_log', a.action
      FROM private.action_registry AS a
      WHERE a.is_signed$$,
    'every signed type of movement and every signed action has its row');
SELECT results_eq(
    'SELECT DISTINCT c.total, c.signed, c.unsigned, c.verdict FROM private.signature_compliance() AS c',
    $$VALUES (0::bigint, 0::bigint, 0::bigint, 'not enough data')$$,
    'without signed actions nothing is proven');

SELECT tap.insert_movement(tap.movement(t.type))
FROM unnest(ARRAY['adjusted', 'write_off']) AS t (type);
INSERT INTO public.pms_audit_log (yacht_id, actor_id, role, action, outcome, error_code, signature)
VALUES
    (tap.id('yacht'), tap.id('captain'), 'captain', 'write_off_part', 'ok', NULL, tap.proof()),
    -- A refusal is not signed, and a service has nothing to sign with.
    (tap.id('yacht'), tap.id('crew'), 'crew', 'write_off_part', 'rejected', 'signature_required', '{}'),
    (tap.id('yacht'), NULL, NULL, 'write_off_part', 'ok', NULL, '{}');
SELECT results_eq(
    $$SELECT c.kind, c.total, c.signed, c.verdict
      FROM private.signature_compliance() AS c
      WHERE c.total > 0$$,
    $$VALUES ('adjusted', 1::bigint, 1::bigint, 'pass'), ('write_off', 1, 1, 'pass'),
             ('write_off_part', 1, 1, 'pass')$$,
    'what is signed passes');
SELECT is(
    (SELECT jsonb_agg(c.value ORDER BY c.value ->> 'kind')
     FROM jsonb_array_elements(tap.answer(
         'service_role', NULL, 'SELECT public.signature_compliance()')::jsonb) AS c (value)
     WHERE (c.value ->> 'total')::integer > 0),
    '[{"source": "ledger", "kind": "adjusted", "total": 1, "signed": 1, "unsigned": 0, "verdict": "pass"},
      {"source": "ledger", "kind": "write_off", "total": 1, "signed": 1, "unsigned": 0, "verdict": "pass"},
      {"source": "audit_log", "kind": "write_off_part", "total": 1, "signed": 1, "unsigned": 0,
       "verdict": "pass"}]',
    'a service sees what the deployer sees');

-- What constraints forbid: rows without a signature, with half of one, or with one nobody accepted.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE public.pms_inventory_transactions
    DROP CONSTRAINT signed_types_are_signed,
    DROP CONSTRAINT signature_has_its_proof,
    DROP CONSTRAINT signature_was_accepted_on_its_yacht;
SELECT is(
    (SELECT tap.unsigned_write_off(c.signature, c.signature_id)), '2 1 fail', c.what)
FROM (VALUES
    ('{}'::jsonb, NULL::uuid, 'a movement without a signature fails'),
    (tap.proof(), tap.id('no signature'), 'one with a signature that was never accepted fails'),
    (tap.proof() || '{"totp": "skipped"}', tap.id('signature'), 'one with half a proof fails'),
    (tap.proof('crew'), tap.id('signature'), 'one with somebody else''s signature fails')
) AS c (signature, signature_id, what);
SELECT results_eq(
    $$SELECT private.is_complete_proof(tap.proof() - k.key)
      FROM jsonb_object_keys(tap.proof()) AS k (key)
      GROUP BY 1$$,
    'VALUES (false)', 'a proof is complete with all its parts');
SELECT is(private.is_complete_proof(p.proof), false, p.what)
FROM (VALUES (NULL::jsonb, 'nothing proves nothing'), ('[]', 'a list proves nothing')) AS p (proof, what);

SELECT * FROM finish();
ROLLBACK;
