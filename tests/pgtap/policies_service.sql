-- What the policies for a call of a service let through, each condition by itself, and what none of them
-- lets through in a call of a person.

BEGIN;
SELECT plan(37);
SELECT tap.fleet();
SELECT tap.rows_everywhere();
INSERT INTO public.pms_audit_log (yacht_id, action, outcome) VALUES (tap.id('other yacht'), 'a', 'ok');
INSERT INTO private.canary_decisions
    (flag_name, decision, cause, percentage_before, percentage_after, figures, reason, actor,
     is_watched, decided_at, newest_at)
VALUES ('part_lens_v2', 'set', 'operator', 5, 20, '{}', 'a', 'a', true, now(), now());

-- As inside an RPC: pms_rpc runs, and `role` says who called.
CREATE FUNCTION tap.in_rpc(p_sql text)
    RETURNS text
    LANGUAGE plpgsql
    SECURITY DEFINER
AS $function$
DECLARE
    v_value text;
    v_rows  integer;
BEGIN
    IF p_sql LIKE 'SELECT %' THEN
        EXECUTE p_sql INTO v_value;
        RETURN v_value;
    END IF;
    EXECUTE p_sql;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RAISE EXCEPTION USING ERRCODE = 'TAP00', MESSAGE = v_rows;
EXCEPTION
    WHEN SQLSTATE 'TAP00' THEN
        RETURN SQLERRM;
    WHEN insufficient_privilege THEN
        RETURN 'refused';
END
$function$;
ALTER FUNCTION tap.in_rpc(text) OWNER TO pms_rpc;
CREATE FUNCTION pg_temp.call(p_who text, p_sql text)
    RETURNS text
    LANGUAGE plpgsql
AS $function$
DECLARE
    v_answer text;
BEGIN
    PERFORM tap.act_as(p_who, CASE WHEN p_who IS NULL THEN 'service_role' ELSE 'authenticated' END);
    PERFORM set_config('part_lens.yacht_id', tap.id('yacht')::text, true);
    v_answer := tap.in_rpc(p_sql);
    PERFORM tap.act_as_superuser();
    RETURN v_answer;
END
$function$;

-- Reading.
SELECT is(
    pg_temp.call(w.who, format('SELECT count(t.%I) > 0 FROM %s AS t', t.a_column, t.name)),
    CASE WHEN w.who IS NULL OR t.name = 'public.feature_flags' THEN 'true' ELSE 'false' END,
    format('%s is read in a call of %s: %s', t.name, coalesce('the ' || w.who, 'a service'),
           CASE WHEN w.who IS NULL OR t.name = 'public.feature_flags' THEN 'yes' ELSE 'no' END))
FROM (VALUES
    ('private.canary_criteria', 'measure'), ('private.canary_decisions', 'decision'),
    ('private.canary_steps', 'soak'), ('private.canary_windows', 'calls'),
    ('private.reconciliations', 'stocks'), ('public.feature_flags', 'enabled'),
    ('public.yacht_registry', 'name'), ('public.pms_audit_log', 'action'),
    ('private.signatures', 'action')
) AS t (name, a_column)
CROSS JOIN (VALUES (NULL), ('manager')) AS w (who);
SELECT is(
    pg_temp.call(NULL, format('SELECT string_agg(DISTINCT t.yacht_id::text, %L) FROM %s AS t', ' ', t.name)),
    tap.id('yacht')::text,
    format('%s is read on the open yacht alone', t.name))
FROM (VALUES ('public.pms_audit_log'), ('private.signatures')) AS t (name);

-- Writing.
SELECT is(pg_temp.call(w.who, t.statement),
          CASE WHEN w.who IS NULL THEN '1' ELSE 'refused' END,
          format('%s is added to in a call of %s: %s', t.name, coalesce('the ' || w.who, 'a service'),
                 CASE WHEN w.who IS NULL THEN 'yes' ELSE 'no' END))
FROM (VALUES
    ('private.reconciliations',
     'INSERT INTO private.reconciliations (ran_at, stocks, drifting, repaired) VALUES (now(), 0, 0, 0)'),
    ('private.canary_windows',
     $$INSERT INTO private.canary_windows
       SELECT gen_random_uuid(), now(), now() + interval '1 s', false, 0, 0, 0, 0, 0, '{}', '{}'$$),
    ('private.canary_decisions',
     $$INSERT INTO private.canary_decisions
           (flag_name, decision, cause, percentage_before, percentage_after, figures, actor,
            is_watched, decided_at, newest_at)
       VALUES ('part_lens_v2', 'hold', 'x', 1, 1, '{}', 'x', true, now(), now())$$)
) AS t (name, statement)
CROSS JOIN (VALUES (NULL), ('manager')) AS w (who);

-- Without a look at any column, so that the policies for SELECT do not count.
SELECT is(pg_temp.call(u.who, u.statement), u.outcome, u.description)
FROM (VALUES
    (NULL, 'UPDATE public.feature_flags SET enabled = false', '1', 'a service changes a flag'),
    ('manager', 'UPDATE public.feature_flags SET enabled = false', '0', 'a person reaches no flag'),
    (NULL, 'UPDATE private.canary_decisions SET evaluations = 2', '1',
     'a service counts what holds, and reaches no other decision'),
    ('manager', 'UPDATE private.canary_decisions SET evaluations = 2', '0',
     'a person reaches no decision'),
    (NULL, $$UPDATE private.canary_decisions SET decision = 'set', reason = 'x', cause = 'operator'$$,
     'refused', 'a service makes no other decision of one that holds')
) AS u (who, statement, outcome, description);

-- The log of a reconciliation.
SELECT is(
    pg_temp.call(a.who, format(
        'INSERT INTO public.pms_audit_log (yacht_id, actor_id, action, outcome) VALUES (%L, %L, %L, %L)',
        tap.id(a.yacht), tap.id(a.actor), a.action, a.outcome)),
    a.answer, a.description)
FROM (VALUES
    (NULL, 'yacht', NULL, 'reconcile', 'ok', '1', 'a service is on record for a reconciliation'),
    (NULL, 'yacht', 'crew', 'reconcile', 'ok', 'refused', 'a reconciliation is nobody''s'),
    (NULL, 'yacht', NULL, 'consume_part', 'ok', 'refused', 'a service is on record for no movement'),
    (NULL, 'yacht', NULL, 'reconcile', 'rejected', 'refused', 'no reconciliation is rejected'),
    (NULL, 'other yacht', NULL, 'reconcile', 'ok', 'refused',
     'a reconciliation is on record on the open yacht alone'),
    ('manager', 'yacht', NULL, 'reconcile', 'ok', 'refused', 'a person is on record for none')
) AS a (who, yacht, actor, action, outcome, answer, description);

SELECT * FROM finish();
ROLLBACK;
