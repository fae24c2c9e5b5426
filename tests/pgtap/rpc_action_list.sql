BEGIN;
SELECT plan(48);
SELECT tap.fixture();

SELECT tap.is_rpc('action_list', ARRAY['uuid', 'uuid'], 'stable');

CREATE TEMPORARY TABLE expected AS
SELECT e.action, e.who, e.is_signed, e.moves
FROM (VALUES
    ('action_list', 'crew', false, NULL),
    ('approve_shopping_item', 'heads', false, NULL),
    ('consume_part', 'crew', false, 'out'),
    ('create_location', 'heads', false, NULL),
    ('create_part', 'heads', false, 'in'),
    ('deactivate_location', 'command', false, NULL),
    ('deactivate_part', 'command', false, NULL),
    ('import_parts', 'heads', false, 'in'),
    ('low_stock_parts', 'crew', false, NULL),
    ('on_hand_as_of', 'crew', false, NULL),
    ('order_shopping_item', 'heads', false, NULL),
    ('part_suggestions', 'crew', false, NULL),
    ('reactivate_location', 'command', false, NULL),
    ('reactivate_part', 'command', false, NULL),
    ('receive_part', 'heads', false, 'in'),
    ('receive_shopping_item', 'heads', false, 'in'),
    ('reject_shopping_item', 'heads', false, NULL),
    ('request_part', 'crew', false, NULL),
    ('search_parts', 'crew', false, NULL),
    ('stock_history', 'crew', false, NULL),
    ('transfer_part', 'crew', false, 'out'),
    ('update_location', 'heads', false, NULL),
    ('update_part', 'heads', false, NULL),
    ('view_part_details', 'crew', false, NULL)
) AS e (action, who, is_signed, moves);
SELECT is(
    (SELECT jsonb_agg(jsonb_build_object(
        'action', a.action -> 'action', 'allowed', a.action -> 'allowed',
        'roles', a.action -> 'roles', 'is_signed', a.action -> 'is_signed',
        'blocked_by', a.action -> 'blocked_by') ORDER BY a.ordinality)
     FROM jsonb_array_elements(tap.call_read_only(t.who, 'action_list'))
         WITH ORDINALITY AS a (action)
     WHERE a.action ->> 'action' IN (SELECT e.action FROM pg_temp.expected AS e)),
    (SELECT jsonb_agg(jsonb_build_object(
        'action', e.action, 'allowed', t.roles && r.roles, 'roles', r.roles,
        'is_signed', e.is_signed, 'blocked_by', NULL) ORDER BY e.action)
     FROM pg_temp.expected AS e
     JOIN (VALUES
        ('crew', tap.roles()),
        ('heads', tap.heads()),
        ('command', ARRAY['captain', 'manager'])
     ) AS r (who, roles) ON r.who = e.who),
    'The list of actions says by role what is allowed to: ' || t.who)
FROM (
    SELECT r.role, ARRAY[r.role]
    FROM unnest(tap.roles()) AS r (role)
    UNION ALL
    VALUES ('double', ARRAY['crew', 'purser']), ('both', ARRAY['captain'])
) AS t (who, roles);
SELECT is(tap.status(), 200, 'The list of actions is answered with 200, also read-only');
SELECT is(
    ARRAY(SELECT a.action ->> 'action'
          FROM jsonb_array_elements(tap.call('crew', 'action_list')) AS a (action)),
    ARRAY(SELECT f.proname::text
          FROM pg_catalog.pg_proc AS f
          JOIN private.action_registry AS r ON r.action = f.proname
          WHERE f.pronamespace = 'public'::regnamespace
          ORDER BY f.proname),
    'The list holds each action whose RPC is installed, in order, and no other');
SELECT is(
    (SELECT a.action - ARRAY['roles', 'allowed', 'blocked_by', 'description']
     FROM jsonb_array_elements(tap.call('crew', 'action_list')) AS a (action)
     WHERE a.action ->> 'action' = 'consume_part'),
    '{"action": "consume_part", "lens": "stock", "is_signed": false,
      "required_fields": ["p_part_id", "p_quantity", "p_idempotency_key"]}',
    'An action says what it needs besides the yacht');
SELECT is_empty(
    $$SELECT r.action, field.name
      FROM private.action_registry AS r
      JOIN pg_catalog.pg_proc AS f ON f.proname = r.action
      CROSS JOIN jsonb_array_elements(tap.call('crew', 'action_list')) AS a (action)
      CROSS JOIN jsonb_array_elements_text(a.action -> 'required_fields') AS field (name)
      WHERE f.pronamespace = 'public'::regnamespace
        AND a.action ->> 'action' = r.action
        AND field.name <> ALL (f.proargnames)$$,
    'What an action needs is among the parameters of its RPC');
SELECT is(
    (SELECT jsonb_object_agg(a.action ->> 'action', a.action -> 'blocked_by')
     FROM jsonb_array_elements(tap.call_read_only('captain', 'action_list', jsonb_build_object(
         'p_part_id', tap.id(t.part)))) AS a (action)
     WHERE a.action ->> 'action' IN (SELECT e.action FROM pg_temp.expected AS e)),
    (SELECT jsonb_object_agg(e.action, CASE e.moves
        WHEN 'out' THEN t.blocks_out
        WHEN 'in' THEN t.blocks_in
     END)
     FROM pg_temp.expected AS e),
    'For ' || t.what)
FROM (VALUES
    ('filter', NULL, NULL, 'a part in stock nothing is blocked'),
    ('gasket', 'insufficient_stock', NULL, 'a part that is not in stock taking out is blocked'),
    ('relic', 'part_deactivated', 'part_deactivated', 'a deactivated part moving is blocked')
) AS t (part, blocks_out, blocks_in, what);

SELECT tap.refuses(
    'both', 'action_list', jsonb_build_object('p_part_id', tap.id(t.part)), 404,
    'part_not_found', jsonb_build_object('part_id', tap.id(t.part)),
    'The list of actions is refused for ' || t.what)
FROM (VALUES
    ('no part', 'a part that does not exist'),
    ('other filter', 'a part of another yacht, also to a person of both')
) AS t (part, what);

SELECT tap.is_gated('action_list', '{}', tap.roles());

SELECT * FROM finish();
ROLLBACK;
