-- A view of the API refuses writes by the rights of who asks, with 42501 and not with 55000, which a
-- server answers with 500: and a superuser, who has every right, by a trigger.

BEGIN;
SELECT plan(18);
SELECT tap.fleet();

SELECT is(
    tap.outcome(a.role, a.who, format(w.statement, v.name)),
    format(a.outcome, split_part(v.name, '.', 2)),
    format('%s refuses %s to %s', v.name, split_part(w.statement, ' ', 1), a.role))
FROM (VALUES ('public.pms_part_stock'), ('public.pms_stock_by_location'),
             ('public.v_stock_from_transactions')) AS v (name)
CROSS JOIN (VALUES ('INSERT INTO %s (yacht_id) VALUES (NULL)'),
                   ('UPDATE %s SET yacht_id = NULL'),
                   ('DELETE FROM %s')) AS w (statement)
CROSS JOIN (VALUES
    ('authenticated', 'captain', '42501 permission denied for view %s'),
    ('superuser', NULL, '42501 public.%s is read-only')
) AS a (role, who, outcome);

SELECT * FROM finish();
ROLLBACK;
