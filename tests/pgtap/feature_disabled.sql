-- The gate asks the canary: each action of a yacht that is out is refused with 404, and one that is in
-- does not notice.
BEGIN;
SELECT plan(40);
SELECT tap.fixture();

CREATE FUNCTION tap.percentage(p_percentage integer, p_enabled boolean DEFAULT true)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
AS $function$
BEGIN
    UPDATE public.feature_flags AS f
    SET canary_percentage = p_percentage,
        enabled = p_enabled
    WHERE f.flag_name = 'part_lens_v2';
END
$function$;

SELECT cmp_ok(
    private.canary_bucket('part_lens_v2', tap.id('yacht')), '>', 0, 'the yacht is not the first of all');

-- Just out, just in.
SELECT tap.percentage(private.canary_bucket('part_lens_v2', tap.id('yacht')));
SELECT tap.refuses(
    'captain', a.action, '{}', 404, 'feature_disabled', 'null', a.action || ' is not switched on')
FROM private.action_registry AS a
WHERE a.is_write
  AND a.lens <> 'person'
ORDER BY a.action;
SELECT is(
    tap.call_read_only('captain', a.action, '{}') ->> 'code', 'feature_disabled',
    a.action || ' is not switched on, asked by GET')
FROM private.action_registry AS a
WHERE NOT a.is_write
  AND a.lens <> 'person'
ORDER BY a.action;
SELECT isnt(
    tap.call('captain', a.action, '{}') ->> 'code', 'feature_disabled',
    a.action || ' is open all the same')
FROM private.action_registry AS a
WHERE a.lens = 'person'
ORDER BY a.action;
SELECT tap.refuses(
    'crew', 'deactivate_part', '{}', 404, 'feature_disabled', 'null',
    'roles are not looked at: v1 may have others');
SELECT tap.denies(
    'stranger', 'consume_part', '{}', 'a stranger does not hear of it');

SELECT tap.percentage(private.canary_bucket('part_lens_v2', tap.id('yacht')) + 1);
SELECT is(
    tap.call('captain', 'search_parts', '{"p_query": "filter"}') #>> '{0,part_number}', 'RAC-2010',
    'one percent more, and it is');
SELECT is(
    tap.call('captain', 'consume_part', jsonb_build_object('p_part_id', tap.id('filter'), 'p_quantity', 1))
    ->> 'quantity_after', '9', 'for writes too');
SELECT is(
    tap.call('stranger', 'search_parts', jsonb_build_object(
        'p_yacht_id', tap.id('other yacht'), 'p_query', 'filter')) ->> 'code',
    CASE
        WHEN private.canary_bucket('part_lens_v2', tap.id('other yacht'))
             > private.canary_bucket('part_lens_v2', tap.id('yacht')) THEN 'feature_disabled'
    END,
    'another yacht has its own place');

SELECT tap.percentage(100, false);
SELECT is(
    tap.call('captain', 'search_parts', '{"p_query": "filter"}') ->> 'code', 'feature_disabled',
    'switched off, nobody is in');
SELECT tap.percentage(0);
SELECT is(
    tap.call('captain', 'search_parts', '{"p_query": "filter"}') ->> 'code', 'feature_disabled',
    'at 0 nobody is in');
UPDATE public.feature_flags SET flag_name = 'another';
SELECT is(
    tap.call('captain', 'search_parts', '{"p_query": "filter"}') ->> 'code', 'feature_disabled',
    'without the flag nobody is in');

SELECT * FROM finish();
ROLLBACK;
