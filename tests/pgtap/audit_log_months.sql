-- Each month of the audit log is append-only by itself: for who names it in a statement by a trigger
-- for the statement, and were there none (a partition that is attached by hand) by one for each row.

BEGIN;
SELECT plan((
    SELECT 10 * count(*) + 2 FROM tap.our_tables AS t WHERE t.relispartition
)::integer);
-- TRUNCATE … CASCADE names what it would take along.
SET LOCAL client_min_messages = warning;

SELECT tap.refuses(t.name, r.role, NULL, ARRAY['UPDATE', 'DELETE', 'TRUNCATE'],
                   t.name || ' is append-only')
FROM tap.our_tables AS t
CROSS JOIN unnest(ARRAY['superuser', 'replica']) AS r (role)
WHERE t.relispartition
ORDER BY t.name, r.role;

INSERT INTO public.pms_audit_log (yacht_id, created_at, action, outcome)
SELECT tap.id('yacht'), m.month, 'a', 'ok'
FROM generate_series(timestamptz '2026-01-15', '2029-01-15', interval '1 month') AS m (month);
CREATE TABLE private.by_hand (LIKE public.pms_audit_log INCLUDING ALL);
ALTER TABLE public.pms_audit_log
    ATTACH PARTITION private.by_hand FOR VALUES FROM ('2030-01-01') TO ('2030-02-01');
INSERT INTO public.pms_audit_log (yacht_id, created_at, action, outcome)
VALUES (tap.id('yacht'), '2030-01-15', 'a', 'ok');
SELECT throws_ok(
    format('SELECT tap.run_as(%L, NULL, %L)', r.role, 'DELETE FROM private.by_hand'), '42501',
    'private.by_hand is append-only',
    'a partition that was attached by hand refuses DELETE to ' || r.role)
FROM unnest(ARRAY['superuser', 'replica']) AS r (role);
DROP TABLE private.by_hand;

DO $$
DECLARE
    v_name text;
BEGIN
    FOR v_name IN SELECT t.name FROM tap.our_tables AS t WHERE t.relispartition LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER t20_append_only', v_name);
    END LOOP;
END
$$;
SELECT throws_ok(
    format('SELECT tap.run_as(%L, NULL, %L)', r.role, format(c.statement, t.name)), '42501',
    t.name || ' is append-only',
    format('%s refuses %s of a row to %s', t.name, split_part(c.statement, ' ', 1), r.role))
FROM tap.our_tables AS t
CROSS JOIN unnest(ARRAY['superuser', 'replica']) AS r (role)
CROSS JOIN unnest(ARRAY['UPDATE %s SET action = action', 'DELETE FROM %s']) AS c (statement)
WHERE t.relispartition
ORDER BY t.name, r.role, c.statement;

SELECT * FROM finish();
ROLLBACK;
