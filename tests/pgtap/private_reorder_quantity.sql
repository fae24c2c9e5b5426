BEGIN;
SELECT plan(15);

SELECT is(
    private.reorder_quantity(t.min_level, t.max_level, t.on_hand, t.on_order)::bigint,
    t.quantity::bigint,
    format('Min %s, max %s, %s on hand and %s on order: order %s', t.min_level,
           coalesce(t.max_level::text, 'none'), t.on_hand, t.on_order, t.quantity))
FROM (VALUES
    (5, 20, 3, 0, 17), (5, 20, 3, 10, 7), (5, 20, 3, 17, 0), (5, 20, 3, 30, 0), (5, NULL, 3, 0, 7),
    (5, NULL, 3, 7, 0), (5, 5, 4, 0, 1), (5, 5, 0, 0, 5), (1, NULL, 0, 0, 2), (0, NULL, 0, 0, 0),
    (0, 0, 0, 0, 0), (1000000, NULL, 0, 0, 2000000), (1000000, 1000000, 999999, 0, 1),
    (1, 1, 2147483647, 0, 0)
) AS t (min_level, max_level, on_hand, on_order, quantity);
SELECT volatility_is(
    'private', 'reorder_quantity', 'immutable', 'What to order depends on nothing else');

SELECT * FROM finish();
ROLLBACK;
