-- A negative seq asks for a movement: who inserts gets it, or no row and no error where it cannot be.
-- And the cache, which the trigger moves first, decides nothing.

BEGIN;
SELECT plan(35);
SELECT tap.fleet();
SET CONSTRAINTS ALL IMMEDIATE;

-- What comes of a movement: seq, before and after, or nothing; and the cache of its stock.
CREATE FUNCTION pg_temp.try(p_role text, p_values jsonb)
    RETURNS text
    LANGUAGE plpgsql
AS $function$
DECLARE
    v_values jsonb := tap.movement('consumed') || jsonb_build_object('actor_id', tap.id('captain'))
        || p_values;
    v_said   text;
BEGIN
    PERFORM tap.run_as(p_role, 'captain', format('SELECT tap.insert_movement(%L)', v_values));
    SELECT concat_ws(' ', t.seq, t.on_hand_before, t.on_hand_after)
    INTO v_said
    FROM public.pms_inventory_transactions AS t
    WHERE t.transaction_id = (v_values ->> 'transaction_id')::uuid;
    RAISE EXCEPTION USING ERRCODE = 'TAPOK', MESSAGE = concat(
        coalesce(v_said, 'nothing'),
        (SELECT format('; cache %s %s', s.newest_seq, s.quantity)
         FROM public.pms_inventory_stock AS s
         WHERE s.stock_id = (v_values ->> 'stock_id')::uuid));
EXCEPTION
    WHEN SQLSTATE 'TAPOK' THEN
        RETURN SQLERRM;
    WHEN OTHERS THEN
        RETURN SQLSTATE || ' ' || SQLERRM;
END
$function$;

-- On `filter in locker` seq 3 is next, on 7.
SELECT is(pg_temp.try('pms_rpc', t.given::jsonb), t.outcome, t.description)
FROM (VALUES
    ('{"seq": -2147483648}', '3 7 6; cache 3 6', 'the least integer asks for the next movement, and gets it'),
    ('{"seq": -3}', '3 7 6; cache 3 6', '-3 asks for seq 3, which is next'),
    ('{"seq": -2}', 'nothing; cache 2 7', '-2 asks for a seq that is taken: left out'),
    ('{"seq": -4}', 'nothing; cache 2 7', '-4 asks for a seq that would leave a gap: left out'),
    ('{"seq": -2147483648, "quantity_change": -7}', '3 7 0; cache 3 0', 'all that there is can be asked for'),
    ('{"seq": -2147483648, "quantity_change": -8}', 'nothing; cache 2 7', 'more than there is is left out'),
    ('{"seq": -2147483648, "quantity_change": 2147483640, "transaction_type": "received"}',
     '3 7 2147483647; cache 3 2147483647', 'a stock can be filled'),
    ('{"seq": -2147483648, "quantity_change": 2147483641, "transaction_type": "received"}',
     'nothing; cache 2 7', 'more than an integer holds is left out'),
    (format('{"seq": -2147483648, "stock_id": "%s"}', tap.id('no stock')), 'nothing',
     'a stock that is none is left out'),
    (format('{"seq": -2147483648, "stock_id": "%s", "quantity_change": 4, "transaction_type": "received"}',
            tap.id('filter in bin')),
     '1 0 4; cache 1 4', 'a stock''s first movement can be asked for'),
    ('{"seq": -2147483648, "on_hand_before": 7, "on_hand_after": 6}', '3 7 6; cache 3 6',
     'who asks may supply what is right'),
    ('{"seq": -2147483648, "on_hand_before": 8}', '23514 movement_does_not_follow',
     'who asks may not supply another balance'),
    (format('{"seq": -2147483648, "recorded_at": "%s"}', now() - interval '1 hour'),
     '23514 movement_does_not_follow', 'who asks may not supply an earlier time'),
    ('{"seq": -2147483647}', 'nothing; cache 2 7', '-2147483647 asks for the last seq there could be'),
    ('{"seq": 0}', '23514 movement_does_not_follow', '0 asks nothing: it is wrong'),
    ('{"seq": 1}', '23514 movement_does_not_follow', 'a seq from 1 on asks nothing: it must be right'),
    ('{"seq": 3}', '3 7 6; cache 3 6', 'and if it is right, it is taken')
) AS t (given, outcome, description);
SELECT is(pg_temp.try('superuser', t.given::jsonb), t.outcome, t.description)
FROM (VALUES
    ('{"seq": -2147483648}', '3 7 6; cache 3 6', 'whoever else may insert may ask too'),
    ('{"seq": -3}', '3 7 6; cache 3 6', 'also for one seq'),
    ('{"seq": -4}', 'nothing; cache 2 7', 'and gets nothing where there is none')
) AS t (given, outcome, description);

UPDATE public.pms_part_locations AS l SET deleted_at = now() WHERE l.location_id = tap.id('locker');
SELECT is(pg_temp.try('pms_rpc', '{"seq": -2147483648}'), 'nothing; cache 2 7',
          'a movement at a deactivated location is left out');
UPDATE public.pms_part_locations AS l SET deleted_at = NULL WHERE l.location_id = tap.id('locker');
UPDATE public.pms_parts AS p SET deleted_at = now() WHERE p.part_id = tap.id('filter');
SELECT is(pg_temp.try('pms_rpc', '{"seq": -2147483648}'), 'nothing; cache 2 7',
          'a movement of a deactivated part is left out');
UPDATE public.pms_parts AS p SET deleted_at = NULL WHERE p.part_id = tap.id('filter');

-- What counts is the newest movement, whatever the cache says.
CREATE FUNCTION pg_temp.try_with_cache(p_cache text, p_role text, p_values jsonb)
    RETURNS text
    LANGUAGE plpgsql
AS $function$
DECLARE
    v_cache integer[] := p_cache;
    v_said  text;
BEGIN
    UPDATE public.pms_inventory_stock AS s
    SET newest_seq = v_cache[1],
        quantity = v_cache[2]
    WHERE s.stock_id = tap.id('filter in locker');
    v_said := pg_temp.try(p_role, p_values);
    UPDATE public.pms_inventory_stock AS s
    SET newest_seq = 2,
        quantity = 7
    WHERE s.stock_id = tap.id('filter in locker');
    RETURN v_said;
END
$function$;

SELECT is(pg_temp.try_with_cache(t.cache, t.role, t.given::jsonb), t.outcome, t.description)
FROM (VALUES
    ('{2,9}', 'pms_rpc', '{"seq": -2147483648}', '3 7 6; cache 3 6', 'a cache that is too high is mended'),
    ('{2,5}', 'pms_rpc', '{"seq": -2147483648}', '3 7 6; cache 3 6', 'a cache that is too low is mended'),
    ('{5,7}', 'pms_rpc', '{"seq": -2147483648}', '3 7 6; cache 3 6', 'a seq that is ahead is mended'),
    ('{1,7}', 'pms_rpc', '{"seq": -2147483648}', '3 7 6; cache 3 6', 'a seq that is behind is mended'),
    ('{2,9}', 'pms_rpc', '{"seq": -2147483648, "quantity_change": -8}', 'nothing; cache 2 7',
     'what only the cache has is left out'),
    ('{2,5}', 'pms_rpc', '{"seq": -2147483648, "quantity_change": -7}', '3 7 0; cache 3 0',
     'what the cache lacks can be asked for'),
    ('{2,0}', 'pms_rpc', '{"seq": -2147483648, "quantity_change": -8}', 'nothing; cache 2 0',
     'what neither has is left out, and nothing is written'),
    ('{5,7}', 'pms_rpc', '{"seq": -6}', 'nothing; cache 2 7', 'the seq that is next in the cache alone is left out'),
    ('{5,7}', 'pms_rpc', '{"seq": -3}', '3 7 6; cache 3 6', 'the seq that is next can be asked for'),
    ('{2,9}', 'superuser', '{}', '3 7 6; cache 3 6', 'a plain INSERT goes by the newest movement'),
    ('{2,9}', 'superuser', '{"on_hand_before": 9}', '23514 movement_does_not_follow',
     'a plain INSERT by the cache is refused'),
    ('{2,9}', 'superuser', '{"quantity_change": -8}',
     '23514 new row for relation "pms_inventory_transactions" violates check constraint "on_hand_is_never_negative"',
     'a plain INSERT does not take what only the cache has')
) AS t (cache, role, given, outcome, description);

SELECT is_empty(
    'SELECT v.stock_id FROM private.check_inventory_drift() AS v',
    'after all that ledger and cache agree');

SELECT * FROM finish();
ROLLBACK;
