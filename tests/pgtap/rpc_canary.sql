-- What a service may ask of the ramp and tell it.
BEGIN;
SELECT plan(36);
SELECT tap.fixture();

SELECT tap.is_service_rpc(f.name)
FROM unnest(ARRAY['canary_state', 'evaluate_canary', 'set_canary']) AS f (name);

CREATE FUNCTION tap.service(p_call text)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
AS $function$
DECLARE
    v_answer jsonb;
BEGIN
    PERFORM set_config('response.status', '', true);
    v_answer := tap.answer('service_role', NULL, 'SELECT public.' || p_call)::jsonb;
    PERFORM set_config('tap.status', current_setting('response.status'), true);
    RETURN v_answer;
END
$function$;

-- Set.
SELECT is(
    tap.service('set_canary(5, ''let us begin'')')
    - ARRAY['flag_name', 'decision_id', 'decided_at', 'newest_at', 'evaluations', 'failed'],
    '{"success": true, "action": "set_canary", "decision": "set", "cause": "operator",
      "percentage_before": 100, "percentage_after": 5, "figures": {"enabled": true},
      "reason": "let us begin", "actor": "service_role", "is_watched": true}',
    'a service sets the percentage, with a reason');
SELECT is(tap.status(), 200, 'with 200');
SELECT ok(
    (SELECT f.updated_at > now() FROM public.feature_flags AS f), 'and the step begins now');
SELECT is(
    tap.service(c.call) || jsonb_build_object('status', tap.status()),
    jsonb_build_object(
        'code', 'invalid_argument', 'message', 'An argument is missing or invalid',
        'hint', 'See details for the argument and the reason.', 'status', 400,
        'details', jsonb_build_object('argument', c.argument, 'reason', c.reason)::text),
    c.call || ' is refused')
FROM (VALUES
    ('set_canary()', 'p_percentage', 'is not a number from 0 to 100'),
    ('set_canary(101, ''x'')', 'p_percentage', 'is not a number from 0 to 100'),
    ('set_canary(-1, ''x'')', 'p_percentage', 'is not a number from 0 to 100'),
    ('set_canary(5)', 'p_reason', 'is null'),
    ('set_canary(5, '' '')', 'p_reason', 'is blank'),
    ('set_canary(5, repeat(''x'', 2001))', 'p_reason', 'is longer than 2000 characters'),
    ('set_canary(5, ''x'', NULL)', 'p_enabled', 'is null'),
    ('set_canary(5, ''x'', true, NULL)', 'p_watched', 'is null')
) AS c (call, argument, reason);

-- Evaluated.
SELECT is(
    tap.service('evaluate_canary()')
    - ARRAY['flag_name', 'decision_id', 'decided_at', 'newest_at', 'evaluations', 'figures'],
    '{"success": true, "action": "evaluate_canary", "decision": "hold", "cause": "soak", "failed": [],
      "percentage_before": 5, "percentage_after": 5, "reason": null, "actor": "service_role",
      "is_watched": true}',
    'a service has the ramp decided upon, with the server''s clock');
UPDATE public.pms_inventory_stock SET quantity = quantity + 1
WHERE stock_id = tap.id('other filter in other locker');
SELECT is(
    tap.service('evaluate_canary()') -> 'failed', '["drifting_stocks"]',
    'it sees the drift of every yacht');
SELECT is(
    (SELECT f.canary_percentage FROM public.feature_flags AS f), 0, 'and acts on it');
SELECT is(
    tap.service('evaluate_canary()') ->> 'cause', 'fell_back', 'and stays there');
SELECT is(
    tap.service('set_canary(100, ''v1 is gone'', p_watched => false)') -> 'is_watched', 'false',
    'a service ends the ramp');

-- Asked.
SELECT is(
    tap.service('canary_state(1)') - ARRAY['updated_at', 'soak_ends_at', 'decisions', 'criteria', 'gap'],
    jsonb_build_object(
        'flag_name', 'part_lens_v2', 'enabled', true, 'canary_percentage', 100, 'is_watched', false,
        'fell_back', false, 'next_percentage', NULL, 'min_calls', 200,
        'figures', '{"windows": 0, "calls": 0, "server_errors": 0, "violations": 0, "p95_ms": null,
                     "p99_ms": null, "success_rate": null, "error_rate": null}'::jsonb,
        'yachts', (
            SELECT jsonb_agg(jsonb_build_object(
                'yacht_id', y.yacht_id, 'name', y.name, 'is_in', true,
                'bucket', private.canary_bucket('part_lens_v2', y.yacht_id))
                ORDER BY private.canary_bucket('part_lens_v2', y.yacht_id))
            FROM public.yacht_registry AS y)),
    'a service sees where the ramp stands');
SELECT is(
    jsonb_array_length(tap.service('canary_state(2)') -> 'decisions'), 2, 'and the last decisions');
SELECT is(
    tap.service('canary_state(1)') #>> '{decisions,0,reason}', 'v1 is gone', 'newest first');
SELECT is(
    (SELECT array_agg(c.value ->> 'measure')
     FROM jsonb_array_elements(tap.service('canary_state()') -> 'criteria') AS c (value)
     WHERE c.value ->> 'threshold' = '0.5'),
    ARRAY['error_rate'], 'the criteria are those of the step');
SELECT tap.set_canary(now(), 50);
SELECT results_eq(
    $$SELECT (y.value ->> 'is_in')::boolean
      FROM jsonb_array_elements(tap.service('canary_state()') -> 'yachts') AS y (value)$$,
    $$SELECT private.canary_bucket('part_lens_v2', y.yacht_id) < 50
      FROM public.yacht_registry AS y
      ORDER BY private.canary_bucket('part_lens_v2', y.yacht_id)$$,
    'each yacht is in or out');

SELECT * FROM finish();
ROLLBACK;
