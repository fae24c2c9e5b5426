-- What PostgREST 12 writes, as it is and with what a client adds.
BEGIN;
SELECT plan(13);

CREATE FUNCTION pg_temp.statement(p_read text, p_count text DEFAULT '') RETURNS text LANGUAGE sql IMMUTABLE
AS $$
    SELECT 'WITH pgrst_source AS (SELECT pgrst_call.pgrst_scalar FROM (SELECT $1 AS json_data) pgrst_payload,'
        || ' LATERAL (SELECT "public"."f"("p_a" := pgrst_body."p_a") pgrst_scalar) pgrst_call) ' || p_count
        || 'SELECT null::bigint AS total_result_set, 1 AS page_total,'
        || ' coalesce(json_agg(_postgrest_t.pgrst_scalar)->0, ''null'') AS body FROM (' || p_read || ') _postgrest_t'
$$;

SELECT ok(private.is_unfiltered(s.statement), s.name)
FROM (VALUES
    ('as it is', pg_temp.statement('SELECT "f".* FROM "pgrst_source" AS "f"     ')),
    ('an offset', pg_temp.statement('SELECT "f".* FROM "pgrst_source" AS "f"     LIMIT ALL OFFSET $2')),
    ('limit and offset', pg_temp.statement('SELECT "f".* FROM "pgrst_source" AS "f"     LIMIT $2 OFFSET $3')),
    ('a limit of the server', pg_temp.statement('SELECT "f".* FROM "pgrst_source" AS "f"     LIMIT 1000')),
    ('counted', pg_temp.statement(
        'SELECT "f".* FROM "pgrst_source" AS "f"     ',
        ', pgrst_source_count AS (SELECT 1 FROM "pgrst_source" AS "f")')),
    ('another statement', 'SELECT public.f($1)')
) AS s (name, statement);

SELECT ok(NOT private.is_unfiltered(s.statement), s.name)
FROM (VALUES
    ('a filter', pg_temp.statement(
        'SELECT "f".* FROM "pgrst_source" AS "f"  WHERE  to_jsonb("f"."pgrst_scalar")->>$2 like $3   ')),
    ('a filter before a limit', pg_temp.statement(
        'SELECT "f".* FROM "pgrst_source" AS "f"  WHERE  "f"."pgrst_scalar" = $2   LIMIT $3 OFFSET $4')),
    ('a filter of the count', pg_temp.statement(
        'SELECT "f".* FROM "pgrst_source" AS "f"     ',
        ', pgrst_source_count AS (SELECT 1 FROM "pgrst_source" AS "f" WHERE "f"."pgrst_scalar" = $2)')),
    ('a part, cast', pg_temp.statement(
        'SELECT "f"."pgrst_scalar", CAST( to_jsonb("f"."pgrst_scalar")->>$2 AS int4 ) AS "c" FROM "pgrst_source" AS "f"     ')),
    ('an order', pg_temp.statement(
        'SELECT "f".* FROM "pgrst_source" AS "f"    ORDER BY to_jsonb("f"."pgrst_scalar")->>$2   ')),
    ('a join', pg_temp.statement(
        'SELECT "f".* FROM "pgrst_source" AS "f" LEFT JOIN LATERAL ( SELECT 1 ) AS "g" ON TRUE   ')),
    ('a column with such a name', pg_temp.statement(
        'SELECT "f".* FROM "pgrst_source" AS "f"  WHERE  "f"."(SELECT ""f"".* FROM ""pgrst_source"" AS ""f"")" = $2   '))
) AS s (name, statement);

SELECT * FROM finish();
ROLLBACK;
