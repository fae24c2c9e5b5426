-- What has to happen now and then, from `make tick` or from pg_cron.
BEGIN;
SELECT plan(10);
SELECT tap.fixture();

SELECT tap.set_canary(tap.began(), 20);
SELECT tap.windows('gateway', '0', '24:00');
SELECT tap.calls('1 hour', '{"calls": 200}');
UPDATE public.pms_inventory_stock SET quantity = quantity + 1
WHERE stock_id = tap.id('filter in locker 1');
SELECT is(
    private.tick(tap.began() + interval '24 hours') - 'audit_months_added',
    '{"decision": "fall_back", "cause": "alarm", "percentage": 0, "windows_forgotten": 0,
      "reconciliation": {"yachts": 2, "stocks": 8, "drifting": 1, "repaired": 1, "verdict": "fail"}}',
    'the ramp sees what the reconciliation then repairs');
SELECT is(
    private.tick(tap.began() + interval '24 hours 59 minutes'),
    '{"decision": "hold", "cause": "fell_back", "percentage": 0, "windows_forgotten": 0,
      "reconciliation": null, "audit_months_added": 0}',
    'within the hour it does not reconcile again');
SELECT is(
    private.tick(tap.began() + interval '25 hours') -> 'reconciliation' -> 'verdict', '"pass"',
    'after an hour it does');
CREATE TEMPORARY TABLE partial AS
SELECT private.reconcile(tap.began() + interval '26 hours', y.yacht_id)
FROM unnest(ARRAY[tap.id('other yacht'), tap.id('no yacht')]) AS y (yacht_id);
SELECT is(
    private.tick(tap.began() + interval '26 hours') -> 'reconciliation' -> 'stocks', '8',
    'that of one yacht does not stand for it');
SELECT is(
    (private.tick(tap.began() + interval '14 days 1 hour') -> 'windows_forgotten')::integer, 60,
    'windows are forgotten after 14 days');
SELECT is(
    private.tick('2031-05-31 23:00:00+00') -> 'audit_months_added', '4',
    'the audit log has its months three ahead');
SELECT ok(
    to_regclass('private.pms_audit_log_2031_08') IS NOT NULL, 'by name');

SELECT throws_ok(
    'SELECT private.schedule_tick()', '0A000', 'pg_cron is not installed in this database',
    'without pg_cron scheduling says so');
-- The interface of pg_cron, which needs a server that preloads it.
CREATE SCHEMA cron;
CREATE FUNCTION cron.schedule(job_name text, schedule text, command text)
    RETURNS bigint
    LANGUAGE sql
AS $function$
    SELECT CASE concat_ws(' | ', job_name, schedule, command)
        WHEN 'part_lens_tick | * * * * * | SELECT private.tick()' THEN 1
        WHEN 'part_lens_tick | 30 seconds | SELECT private.tick()' THEN 2
    END
$function$;
SELECT is(private.schedule_tick(), 1::bigint, 'with it, it runs every minute');
SELECT is(private.schedule_tick('30 seconds'), 2::bigint, 'or as often as is asked for');

SELECT * FROM finish();
ROLLBACK;
