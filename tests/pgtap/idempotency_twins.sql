-- When two calls with one key are one call: the same person, the same action, the same arguments. Two
-- actions that take the same arguments are two.

BEGIN;
SELECT plan(10);
SELECT tap.fixture();

CREATE FUNCTION pg_temp.answer(p_who text, p_function text, p_part text, p_reason text, p_key text)
    RETURNS text
    LANGUAGE sql
AS $function$
    SELECT coalesce(tap.call(p_who, p_function, jsonb_build_object(
        'p_part_id', tap.id(p_part), 'p_reason', p_reason, 'p_idempotency_key', p_key)) ->> 'code',
        'done')
$function$;

SELECT is(pg_temp.answer('captain', 'deactivate_part', 'bolt', 'Old', 'k'), 'done', 'a call is made');
SELECT is(pg_temp.answer('captain', 'deactivate_part', 'bolt', 'Old', 'k'),
          'duplicate_idempotency_key', 'the same call again is known');
SELECT is(pg_temp.answer('manager', 'deactivate_part', 'bolt', 'Old', 'k'),
          'idempotency_key_reused', 'that of another person is another');
SELECT is(pg_temp.answer('captain', 'reactivate_part', 'bolt', 'Old', 'k'),
          'idempotency_key_reused', 'another action with the same arguments is another');
SELECT is(pg_temp.answer('captain', 'deactivate_part', 'bolt', 'New', 'k'),
          'idempotency_key_reused', 'the same action with other arguments is another');
SELECT is(pg_temp.answer('captain', 'deactivate_part', 'filter', 'Old', 'm'), 'stock_not_empty',
          'a call is refused');
SELECT is(pg_temp.answer('captain', 'deactivate_part', 'gasket', 'Old', 'm'), 'done',
          'its key is free');
SELECT is(pg_temp.answer('captain', 'reactivate_part', 'gasket', 'Old', k.key),
          'missing_idempotency_key', 'no call is made with ' || k.what)
FROM (VALUES (NULL, 'no key'), ('', 'an empty key'), (repeat('k', 256), 'a key of 256 characters'))
    AS k (key, what);

SELECT * FROM finish();
ROLLBACK;
