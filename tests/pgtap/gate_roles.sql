-- Which roles the gate of each RPC lets in: it comes before everything else, so a call without any
-- argument tells.

BEGIN;
SELECT plan((SELECT count(*)::integer FROM tap.person_api AS a));
SELECT tap.fleet();

CREATE TEMP TABLE lowest ON COMMIT DROP AS
SELECT l.role, a.action
FROM (VALUES
    ('eto', 'approve_shopping_item create_location create_part import_parts order_shopping_item '
            'receive_part receive_shopping_item reject_shopping_item reverse_transaction '
            'update_location update_part'),
    ('chief_engineer', 'adjust_stock_quantities adjust_stock_quantity'),
    ('captain', 'deactivate_location deactivate_part issue_enrolment_code reactivate_location '
                'reactivate_part')
) AS l (role, actions)
CROSS JOIN LATERAL string_to_table(l.actions, ' ') AS a (action);

SELECT is(
    (SELECT array_agg(r.role ORDER BY r.place)
     FROM unnest(tap.roles()) WITH ORDINALITY AS r (role, place)
     WHERE tap.answer('authenticated', r.role, format(
               'SELECT public.%I(p_yacht_id => %L) ->> %L', a.name, tap.id('yacht'), 'code'))
           IS DISTINCT FROM 'role_not_allowed'),
    CASE l.role
        WHEN 'eto' THEN tap.heads()
        WHEN 'chief_engineer' THEN ARRAY['chief_engineer', 'captain', 'manager']
        WHEN 'captain' THEN ARRAY['captain', 'manager']
        ELSE tap.roles()
    END,
    format('%s is for %s', a.name, coalesce(l.role || ' and above', 'everybody on the yacht')))
FROM tap.person_api AS a
LEFT JOIN lowest AS l ON l.action = a.name
ORDER BY a.name;

SELECT * FROM finish();
ROLLBACK;
