BEGIN;
SELECT plan(81);
SELECT tap.fixture();

SELECT is(
    r.answer,
    jsonb_build_object('code', c.code, 'message', c.message, 'details', '{"n": 1}',
                       'hint', c.hint),
    format('%s is answered in the shape of PostgREST''s errors', c.code))
FROM private.refusals AS c
CROSS JOIN LATERAL (
    SELECT private.refuse(
        jsonb_populate_record(NULL::private.rpc_call, jsonb_build_object(
            'call_id', tap.id(c.code), 'action', 'test', 'yacht_id', tap.id('yacht'),
            'actor_id', tap.id('captain'))),
        c.code, '{"n": 1}') AS answer
) AS r
ORDER BY c.code;
SELECT is(
    private.refuse(
        jsonb_populate_record(NULL::private.rpc_call, jsonb_build_object(
            'call_id', private.uuid_v7(), 'action', 'test', 'yacht_id', tap.id('yacht'))),
        'part_not_found', t.details) -> 'details',
    t.answer,
    format('Details that are %s become a text or null', t.what))
FROM (VALUES
    (NULL::jsonb, 'null'::jsonb, 'nothing'),
    ('null', 'null', 'null in JSON'),
    ('"text"', '"text"', 'a text'),
    ('[1, "a"]', '"[1, \"a\"]"', 'an array'),
    ('5', '"5"', 'a number')
) AS t (details, answer, what);
SELECT is(
    current_setting('response.status'),
    '404',
    'A refusal sets the status of its code');
SELECT throws_ok(
    $$SELECT private.refuse(NULL::private.rpc_call, 'no_such_code')$$,
    'P0002', 'query returned no rows',
    'A code that is not in the table is a bug, not a refusal');
SELECT is_empty(
    $$SELECT r.code
      FROM private.refusals AS r
      WHERE r.message ~ '[0-9%{]'
         OR r.message !~ '^[A-Z].*[a-z]$'
         OR r.code !~ '^[a-z]+(_[a-z]+)+$'$$,
    'Codes are words, and messages are phrases without values');

-- Who is it?
SELECT is(
    tap.trace(t.claims, 'search_parts', '{"p_query": "filter"}')
        #- '{answer,message}' #- '{answer,hint}',
    '{"answer": {"code": "not_on_yacht", "details": null}, "status": 403, "changed": [],
      "audit": [], "denied": 1}',
    'A token ' || t.what || ' is on no yacht')
FROM (VALUES
    ('{"role": "authenticated"}', 'without a person'),
    ('{"sub": null, "role": "authenticated"}', 'whose person is null'),
    ('{"sub": "", "role": "authenticated"}', 'whose person is empty'),
    ('{"sub": "auth0|5f7c8ec7c33c6c004bbafe82", "role": "authenticated"}', 'of another issuer'),
    ('{"sub": 5, "role": "authenticated"}', 'whose person is a number'),
    ('{"sub": {"id": 5}, "role": "authenticated"}', 'whose person is an object'),
    ('{"sub": "00000000-0000-0000-0000-000000000000", "role": "authenticated"}', 'of the nil UUID'),
    (jsonb_build_object('sub', tap.id('crew') || E'\n', 'role', 'authenticated')::text,
     'whose person ends in a line break'),
    (jsonb_build_object('sub', tap.id('nobody'), 'role', 'authenticated',
                        'user_metadata', jsonb_build_object('role', 'captain'))::text,
     'that claims a yacht role itself')
) AS t (claims, what);
SELECT is(
    jsonb_typeof(tap.call(
        jsonb_build_object('sub', upper(tap.id('crew')::text), 'role', 'authenticated')::text,
        'search_parts', '{"p_query": "filter"}')),
    'array',
    'A person in upper case is that person');
SELECT is(
    (SELECT jsonb_agg(DISTINCT d.user_id)
     FROM private.denied_attempts AS d
     WHERE d.user_id NOT IN (tap.id('nobody'), tap.id('captain'))),
    '["00000000-0000-0000-0000-000000000000"]',
    'Attempts without a person count together');

-- Attempts of strangers.
DELETE FROM private.denied_attempts AS d;
SELECT is(
    tap.call('stranger', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1)) ->> 'code',
    'not_on_yacht',
    format('Attempt %s of a stranger is refused', n))
FROM generate_series(1, 3) AS g (n);
SELECT is(
    (SELECT jsonb_agg(to_jsonb(d) - ARRAY['minute', 'attempts'])
     FROM (SELECT DISTINCT ON (d.user_id) d.* FROM private.denied_attempts AS d) AS d),
    jsonb_build_array(jsonb_build_object(
        'user_id', tap.id('stranger'), 'yacht_id', tap.id('yacht'), 'action', 'consume_part')),
    'An attempt says who, where and what');
SELECT is(
    (SELECT sum(d.attempts) FROM private.denied_attempts AS d),
    3::bigint,
    'Attempts at the same are counted');
SELECT is_empty(
    $$SELECT a.audit_id
      FROM public.pms_audit_log AS a
      WHERE a.actor_id = tap.id('stranger')$$,
    'A stranger writes nothing into the log of a yacht');
-- 130 in at most two minutes: in one of them there are more than 60.
SELECT is(
    (SELECT array_agg(DISTINCT tap.call('stranger', 'search_parts', jsonb_build_object(
        'p_query', 'x', 'p_yacht_id', tap.id('yacht ' || n))) ->> 'code')
     FROM generate_series(1, 130) AS g (n)),
    ARRAY['not_on_yacht'],
    'A stranger who asks for 130 yachts is refused 130 times');
SELECT is(
    (SELECT max(m.attempts)
     FROM (
         SELECT count(*) AS attempts
         FROM private.denied_attempts AS d
         WHERE d.user_id = tap.id('stranger')
         GROUP BY d.minute
     ) AS m),
    60::bigint,
    'At most 60 rows are kept of a person in a minute');
SELECT is(
    (tap.trace('former stranger', 'search_parts', '{"p_query": "x"}')) -> 'denied',
    '1',
    'The rows of one person do not hide the attempts of another');

-- Read-only transactions: GET, and the functions that are STABLE.
SELECT is(
    jsonb_build_object('code', r.answer -> 'code', 'status', tap.status()),
    jsonb_build_object('code', t.code, 'status', t.status),
    format('In a read-only transaction %s answers %s to %s', t.action, t.code, t.who))
FROM (VALUES
    ('stranger', 'action_list', '{}'::jsonb, 'not_on_yacht', 403),
    ('stranger', 'search_parts', '{"p_query": "x"}', 'not_on_yacht', 403),
    ('stranger', 'low_stock_parts', '{}', 'not_on_yacht', 403),
    ('stranger', 'stock_history', '{}', 'not_on_yacht', 403),
    ('stranger', 'on_hand_as_of', '{}', 'not_on_yacht', 403),
    ('stranger', 'view_part_details', '{}', 'not_on_yacht', 403),
    ('stranger', 'consume_part', '{}', 'not_on_yacht', 403),
    ('crew', 'receive_part', '{}', 'role_not_allowed', 403),
    ('crew', 'action_list', jsonb_build_object('p_part_id', tap.id('no part')),
     'part_not_found', 404),
    ('crew', 'search_parts', '{}', 'invalid_argument', 400),
    ('crew', 'low_stock_parts', '{"p_limit": 0}', 'invalid_argument', 400),
    ('crew', 'stock_history', '{}', 'invalid_argument', 400),
    ('crew', 'stock_history', jsonb_build_object('p_stock_id', tap.id('no stock')),
     'stock_not_found', 404),
    ('crew', 'on_hand_as_of', '{}', 'invalid_argument', 400),
    ('crew', 'view_part_details', '{}', 'invalid_argument', 400),
    ('crew', 'consume_part', '{}', 'invalid_argument', 400)
) AS t (who, action, arguments, code, status)
CROSS JOIN LATERAL (
    SELECT tap.call_read_only(t.who, t.action, t.arguments) AS answer
) AS r;
SELECT throws_ok(
    format('SELECT tap.call_read_only(''captain'', %L, %L)', t.action, t.arguments),
    '25006', 'cannot execute INSERT in a read-only transaction',
    format('In a read-only transaction %s does not pretend to have written', t.action))
FROM (VALUES
    ('consume_part', jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1)),
    ('create_location', '{"p_name": "Lazarette"}')
) AS t (action, arguments);

-- The audit row of a refusal.
SET LOCAL "request.headers" = '{"x-request-id": "r-9", "authorization": "Bearer secret"}';
SELECT is(
    tap.call('deckhand', 'receive_part', jsonb_build_object(
        'p_part_id', tap.id('filter'), 'p_quantity', 1)) ->> 'code',
    'role_not_allowed',
    'A deckhand receives nothing');
SELECT is(
    tap.newest_audit() - ARRAY['entity_type', 'entity_id'],
    jsonb_build_object(
        'yacht_id', tap.id('yacht'), 'actor_id', tap.id('deckhand'), 'role', 'deckhand',
        'action', 'receive_part', 'outcome', 'rejected', 'error_code', 'role_not_allowed',
        'signature', '{}'::jsonb,
        'metadata', '{"source": "part_lens", "lens": "stock", "request_id": "r-9"}'::jsonb),
    'The audit row of a refusal has the role, the code and the request, and no other header');
SET LOCAL "request.headers" = '';
SELECT is(
    tap.call('crew', 'consume_part', jsonb_build_object(
        'p_part_id', tap.id('belt'), 'p_quantity', 9)) ->> 'code',
    'insufficient_stock',
    'There are not nine belts');
SELECT is(
    jsonb_build_array(tap.newest_audit() -> 'entity_type', tap.newest_audit() -> 'entity_id',
                      tap.newest_audit() #> '{metadata,request_id}'),
    jsonb_build_array('part', tap.id('belt'), NULL),
    'The audit row of a refused movement names the part');

SELECT * FROM finish();
ROLLBACK;
