BEGIN;
SELECT plan(11);

SELECT has_function('private', 'uuid_v7', '{}'::text[], 'Ids are made by private.uuid_v7()');
SELECT volatility_is('private', 'uuid_v7', '{}'::text[], 'volatile', 'Each id is made anew');
SELECT function_privs_are(
    'private', 'uuid_v7', '{}'::text[], 'authenticated', '{}'::text[],
    'No client makes ids by it');

CREATE TEMPORARY TABLE made (place bigint GENERATED ALWAYS AS IDENTITY, before_ms bigint, id uuid,
                             after_ms bigint);
DO $test$
BEGIN
    FOR i IN 1 .. 5000 LOOP
        INSERT INTO pg_temp.made (before_ms, id, after_ms)
        SELECT b.ms, private.uuid_v7(), NULL
        FROM (
            SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms
            OFFSET 0
        ) AS b;
        UPDATE pg_temp.made AS m
        SET after_ms = floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
        WHERE m.place = i
          AND i % 500 = 0;
    END LOOP;
END
$test$;

SELECT is((SELECT count(DISTINCT m.id) FROM pg_temp.made AS m), 5000::bigint, '5000 ids are 5000');
SELECT is_empty(
    $$SELECT m.id FROM pg_temp.made AS m WHERE m.id::text !~ '^[0-9a-f]{8}-[0-9a-f]{4}-7'$$,
    'The version is 7');
SELECT is_empty(
    $$SELECT m.id
      FROM pg_temp.made AS m
      WHERE substr(m.id::text, 20, 1) NOT IN ('8', '9', 'a', 'b')$$,
    'The variant is that of RFC 9562');
SELECT is_empty(
    $$SELECT m.id, m.before_ms
      FROM pg_temp.made AS m
      WHERE ('x0000' || left(replace(m.id::text, '-', ''), 12))::bit(64)::bigint
            NOT BETWEEN m.before_ms AND coalesce(m.after_ms, m.before_ms + 60000)$$,
    'The first 48 bits are the Unix time in milliseconds');
SELECT is_empty(
    $$SELECT m.id
      FROM (
          SELECT m.id, left(m.id::text, 13) AS at,
                 lag(left(m.id::text, 13)) OVER (ORDER BY m.place) AS at_before
          FROM pg_temp.made AS m
      ) AS m
      WHERE m.at < m.at_before$$,
    'The time never runs backwards');
SELECT cmp_ok(
    (SELECT count(DISTINCT substr(m.id::text, 16, 3)) FROM pg_temp.made AS m), '>', 100::bigint,
    'The 12 bits after the version vary');
SELECT cmp_ok(
    (SELECT count(DISTINCT right(m.id::text, 17)) FROM pg_temp.made AS m), '=', 5000::bigint,
    'The last 62 bits are random');
SELECT is(
    (SELECT array_agg(t.relname || '.' || a.attname ORDER BY t.relname)
     FROM pg_catalog.pg_attrdef AS d
     JOIN pg_catalog.pg_class AS t ON t.oid = d.adrelid
     JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
     WHERE t.relnamespace IN ('public'::regnamespace, 'private'::regnamespace)
       AND a.atttypid = 'uuid'::regtype
       AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) <> 'private.uuid_v7()'
       AND a.attgenerated = ''),
    NULL,
    'No id of ours has another default');

SELECT * FROM finish();
ROLLBACK;
