-- An UPDATE that reads no column is bound by the policies for UPDATE alone: those for SELECT, which
-- otherwise bind as well, do not count. So each must hold by itself.

BEGIN;
SELECT plan(10);
SELECT tap.fleet();
INSERT INTO public.pms_shopping_list_items (yacht_id, item_id, part_id, quantity, requested_by)
VALUES
    (tap.id('yacht'), tap.id('item'), tap.id('filter'), 5, tap.id('crew')),
    (tap.id('other yacht'), tap.id('other item'), tap.id('other filter'), 5, tap.id('stranger'));
INSERT INTO private.request_keys (yacht_id, idempotency_key, actor_id, action, arguments_sha256)
VALUES (tap.id('yacht'), 'captain-1', tap.id('captain'), 'consume_part', sha256('')),
       (tap.id('yacht'), 'crew-1', tap.id('crew'), 'consume_part', sha256(''));

-- A row that it should not reach would fail WITH CHECK.
SELECT is(
    tap.outcome('pms_rpc', 'captain', format('UPDATE %s SET %s = %L', u.name, u.a_column, u.value)),
    'ok',
    format('%s: an RPC reaches no row of another yacht or person', u.name))
FROM (VALUES
    ('public.pms_parts', 'description', 'x'),
    ('public.pms_part_locations', 'updated_at', '2026-01-01'),
    ('public.pms_shopping_list_items', 'notes', 'x'),
    ('private.request_keys', 'result', '{}')
) AS u (name, a_column, value);

SELECT is(
    tap.outcome('pms_rpc', 'captain', format(
        'UPDATE %s SET %s = %L', u.name, u.a_column, tap.id(u.value))),
    format('42501 new row violates row-level security policy for table "%s"',
           split_part(u.name, '.', 2)),
    format('%s: an RPC hands no row to another yacht or person', u.name))
FROM (VALUES
    ('public.pms_parts', 'yacht_id', 'other yacht'),
    ('public.pms_part_locations', 'yacht_id', 'other yacht'),
    ('public.pms_shopping_list_items', 'yacht_id', 'other yacht'),
    ('private.request_keys', 'actor_id', 'crew')
) AS u (name, a_column, value);

SELECT is(
    tap.outcome('pms_rpc', 'captain', 'DELETE FROM private.request_keys'), 'ok',
    'keys are given back without a look at them');
SELECT tap.run_as('pms_rpc', 'captain', 'DELETE FROM private.request_keys');
SELECT results_eq(
    'SELECT k.idempotency_key::text FROM private.request_keys AS k',
    $$VALUES ('crew-1')$$,
    'those of another person stay');

SELECT * FROM finish();
ROLLBACK;
