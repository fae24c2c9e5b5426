BEGIN;
SELECT plan(46);
SELECT tap.fixture();

SELECT tap.is_rpc('part_suggestions', ARRAY['uuid', 'uuid'], 'stable');

SELECT is(
    tap.call_read_only('crew', 'part_suggestions', jsonb_build_object(
        'p_part_id', tap.id('gasket'))),
    jsonb_build_object(
        'part_id', tap.id('gasket'), 'part_number', 'CAT-77', 'name', 'Head gasket', 'unit', 'set',
        'is_critical', true, 'on_hand', 0, 'min_level', 1, 'max_level', 1, 'on_order', 0,
        'requested', 0, 'suggested_quantity', 1, 'suppressed_by', NULL,
        'warnings', '[]'::jsonb),
    'What is low is suggested, also read-only');
SELECT is(tap.status(), 200, 'A suggestion is answered with 200');

-- Belts: 3 in stock.
CREATE TEMPORARY TABLE cases AS
SELECT c.*
FROM (VALUES
    (4, NULL, false, '{}'::jsonb, 0, 0, 5, NULL, 'without a maximum up to twice the minimum'),
    (4, 10, false, '{}', 0, 0, 7, NULL, 'up to the maximum'),
    (4, 10, false, '{"approved": 2, "ordered": 3}', 5, 0, 2, NULL,
     'less what was approved and ordered'),
    (4, 10, false, '{"half": 3}', 1, 0, 6, NULL, 'less what has not arrived of an order'),
    (4, 10, false, '{"requested": 7}', 0, 7, 7, NULL, 'not less what is merely requested'),
    (4, 10, false, '{"rejected": 7, "received": 7}', 0, 0, 7, NULL,
     'whatever was rejected or has arrived'),
    (0, NULL, false, '{}', 0, 0, 0, 'no_minimum', 'nothing without a minimum'),
    (0, 10, false, '{}', 0, 0, 0, 'no_minimum', 'nothing without a minimum but with a maximum'),
    (3, 10, false, '{}', 0, 0, 0, 'enough_on_hand', 'nothing at the minimum'),
    (2, 10, false, '{}', 0, 0, 0, 'enough_on_hand', 'nothing above the minimum'),
    (4, 10, false, '{"ordered": 7}', 7, 0, 0, 'enough_on_order', 'nothing when all is on order'),
    (4, 10, false, '{"approved": 9}', 9, 0, 0, 'enough_on_order',
     'nothing when more than all is on order'),
    (4, 10, true, '{}', 0, 0, 0, 'deactivated', 'nothing of a deactivated part'),
    (0, 10, true, '{"ordered": 9}', 9, 0, 0, 'deactivated',
     'nothing, and of several reasons the first')
) AS c (min_level, max_level, is_deactivated, items, on_order, requested, suggested, suppressed,
        description);
CREATE FUNCTION pg_temp.suggestion(p_case pg_temp.cases)
    RETURNS jsonb
    LANGUAGE plpgsql
AS $function$
DECLARE
    v_answer jsonb;
BEGIN
    UPDATE public.pms_parts AS p
    SET min_level = p_case.min_level,
        max_level = p_case.max_level,
        deleted_at = CASE WHEN p_case.is_deactivated THEN now() END
    WHERE p.part_id = tap.id('belt');
    DELETE FROM public.pms_shopping_list_items AS i WHERE i.part_id = tap.id('belt');
    INSERT INTO public.pms_shopping_list_items
        (yacht_id, part_id, status, quantity, quantity_received, requested_by, decided_by,
         ordered_by, received_transaction_id)
    SELECT
        tap.id('yacht'), tap.id('belt'), CASE i.key WHEN 'half' THEN 'ordered' ELSE i.key END,
        i.value::integer,
        CASE i.key WHEN 'received' THEN i.value::integer WHEN 'half' THEN 2 ELSE 0 END,
        tap.id('crew'), CASE WHEN i.key <> 'requested' THEN tap.id('captain') END,
        CASE WHEN i.key IN ('ordered', 'half', 'received') THEN tap.id('captain') END,
        CASE WHEN i.key IN ('half', 'received') THEN tap.id('opening of belt in locker 2') END
    FROM jsonb_each_text(p_case.items) AS i (key, value);
    v_answer := tap.call('crew', 'part_suggestions', jsonb_build_object('p_part_id', tap.id('belt')));
    RETURN jsonb_build_array(
        v_answer -> 'on_hand', v_answer -> 'on_order', v_answer -> 'requested',
        v_answer -> 'suggested_quantity', v_answer -> 'suppressed_by', v_answer -> 'warnings');
END
$function$;
SELECT is(
    pg_temp.suggestion(c),
    jsonb_build_array(3, c.on_order, c.requested, c.suggested, c.suppressed,
                      CASE WHEN c.requested > 0 THEN '["already_requested"]'::jsonb ELSE '[]' END),
    'Suggested is ' || c.description)
FROM pg_temp.cases AS c;
SELECT is(
    (SELECT jsonb_agg(jsonb_build_array(r.part -> 'on_order', r.part -> 'suggested_quantity'))
     FROM (
         SELECT pg_temp.suggestion(c)
         FROM pg_temp.cases AS c
         WHERE c.description = 'less what was approved and ordered'
     ) AS set_up
     CROSS JOIN LATERAL jsonb_array_elements(
         CASE WHEN set_up IS NOT NULL THEN tap.call('crew', 'low_stock_parts') END) AS r (part)
     WHERE r.part ->> 'part_id' = tap.id('belt')::text),
    '[[5, 2]]',
    'The list of what is low says the same');

SELECT tap.refuses(
    'crew', 'part_suggestions', '{}', 400, 'invalid_argument',
    '{"argument": "p_part_id", "reason": "is required"}',
    'A suggestion is refused without a part');
SELECT tap.refuses(
    'both', 'part_suggestions', jsonb_build_object('p_part_id', tap.id(t.part)), 404,
    'part_not_found', jsonb_build_object('part_id', tap.id(t.part)),
    'A suggestion is refused of ' || t.what)
FROM (VALUES
    ('no part', 'a part that does not exist'),
    ('other filter', 'a part of another yacht, also to a person of both')
) AS t (part, what);

SELECT tap.is_gated(
    'part_suggestions', jsonb_build_object('p_part_id', tap.id('gasket')), tap.roles());

SELECT * FROM finish();
ROLLBACK;
