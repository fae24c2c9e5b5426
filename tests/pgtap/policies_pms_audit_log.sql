-- The audit log is read by captain and manager, and written by RPCs in the caller's name.

BEGIN;
SELECT plan(45);
SELECT tap.fleet();
INSERT INTO public.pms_audit_log (yacht_id, audit_id, actor_id, action, outcome)
VALUES (tap.id('yacht'), tap.id('audit'), tap.id('crew'), 'consume_part', 'ok'),
       (tap.id('other yacht'), tap.id('other audit'), tap.id('stranger'), 'consume_part', 'ok');

SELECT policies_are('public', 'pms_audit_log',
                    ARRAY['select_people', 'select_service', 'insert_rpc', 'insert_service',
                          'insert_reconcile'],
                    'pms_audit_log has these policies');

SELECT tap.bounded('public.pms_audit_log', 'audit_id', 'authenticated',
                   ARRAY['captain', 'manager']);

SELECT is(
    tap.outcome('pms_rpc', p.who, format(
        'INSERT INTO public.pms_audit_log (yacht_id, actor_id, action, outcome)
         VALUES (%L, %L, %L, %L)', tap.id(p.yacht), tap.id(p.actor), 'consume_part', 'ok')),
    CASE
        WHEN p.may THEN 'ok'
        ELSE '42501 new row violates row-level security policy for table "pms_audit_log"'
    END,
    p.description)
FROM (VALUES
    ('crew', 'yacht', 'crew', true, 'an RPC records what its caller does'),
    ('captain', 'yacht', 'crew', false, 'an RPC records nothing in the name of another'),
    ('captain', 'yacht', NULL, false, 'an RPC records nothing in nobody''s name'),
    ('captain', 'other yacht', 'captain', false, 'an RPC records nothing on another yacht'),
    ('stranger', 'yacht', 'stranger', false,
     'a stranger''s calls do not reach the log of the yacht'),
    ('dismissed', 'yacht', 'dismissed', false, 'nor do those of an inactive role'),
    ('expired', 'yacht', 'expired', false, 'nor do those of a role that has ended'),
    ('future', 'yacht', 'future', false, 'nor do those of a role that has not begun')
) AS p (who, yacht, actor, may, description);

SELECT is(
    tap.outcome('pms_rpc', 'crew', format(
        'INSERT INTO public.pms_audit_log (yacht_id, actor_id, action, outcome, error_code)
         VALUES (%L, %L, %L, %L, %L)',
        tap.id('yacht'), tap.id('crew'), 'consume_part', p.outcome, p.error_code)),
    p.result,
    p.description)
FROM (VALUES
    ('rejected', 'part_not_found', 'ok', 'an RPC records a rejection with its code'),
    ('rejected', NULL,
     '42501 new row violates row-level security policy for table "pms_audit_log"',
     'an RPC records no rejection without a code'),
    ('ok', 'part_not_found',
     '42501 new row violates row-level security policy for table "pms_audit_log"',
     'an RPC records no success with a code')
) AS p (outcome, error_code, result, description);

-- A service, for which the gate has opened a yacht.
CREATE FUNCTION pg_temp.record(p_who text, p_row jsonb)
    RETURNS text
    LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM tap.act_as(p_who, 'pms_rpc');
    PERFORM set_config('part_lens.yacht_id', tap.id('yacht')::text, true);
    INSERT INTO public.pms_audit_log (yacht_id, actor_id, action, outcome)
    SELECT (p_row ->> 'yacht_id')::uuid, (p_row ->> 'actor_id')::uuid, p_row ->> 'action',
           p_row ->> 'outcome';
    PERFORM tap.act_as_superuser();
    RETURN 'ok';
EXCEPTION WHEN insufficient_privilege THEN
    PERFORM tap.act_as_superuser();
    RETURN 'refused';
END
$function$;
SELECT is(
    pg_temp.record(s.who, jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'action', 'issue_enrolment_code', 'outcome', 'ok') || s.changes),
    s.outcome, s.description)
FROM (VALUES
    (NULL, '{}'::jsonb, 'ok', 'a service is on record for an enrolment code'),
    (NULL, jsonb_build_object('actor_id', tap.id('crew')), 'refused',
     'a service records nothing in a person''s name'),
    ('crew', '{}', 'refused', 'a person is not on record as a service'),
    (NULL, '{"action": "consume_part"}', 'refused', 'a service is on record for nothing else'),
    (NULL, '{"outcome": "rejected"}', 'refused', 'a service is on record for no refusal'),
    (NULL, jsonb_build_object('yacht_id', tap.id('other yacht')), 'refused',
     'a service records nothing on a yacht that was not opened'),
    ('crew', jsonb_build_object('actor_id', tap.id('crew')), 'ok', 'a person is, as a person')
) AS s (who, changes, outcome, description);

-- audit_log.sql tries UPDATE, DELETE and TRUNCATE.
SELECT is(
    tap.answer('pms_rpc', 'captain', 'SELECT count(*) FROM public.pms_audit_log'), '0',
    'an RPC of a person reads nothing of the log');
SELECT is(
    tap.outcome('pms_rpc', 'captain', format(
        'INSERT INTO public.pms_audit_log (yacht_id, action, outcome) VALUES (%L, %L, %L)',
        tap.id('yacht'), 'reconcile', 'ok')),
    '42501 new row violates row-level security policy for table "pms_audit_log"',
    'an RPC of a person records no reconciliation');
SELECT tap.refuses('public.pms_audit_log', 'authenticated', 'captain', ARRAY['INSERT']);
SELECT tap.refuses('public.pms_audit_log', 'service_role', NULL, ARRAY['SELECT', 'INSERT']);
SELECT tap.refuses('public.pms_audit_log', 'anon', NULL, ARRAY['SELECT', 'INSERT']);
SELECT tap.refuses('private.pms_audit_log_default', 'authenticated', 'captain', ARRAY['SELECT'],
                   'permission denied for schema private');

SELECT * FROM finish();
ROLLBACK;
