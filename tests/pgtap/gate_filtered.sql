-- A call whose answer PostgREST would look at is sent back before anybody asks who calls. The gate looks at
-- the whole statement, which may be this file: what must pass is in private_is_unfiltered.sql.
BEGIN;
SELECT plan(2);
SELECT tap.fleet();
SELECT tap.act_as('captain');

SELECT throws_ok(format($$
    WITH pgrst_source AS (SELECT public.action_list(tap.id(%L)) AS pgrst_scalar)
    SELECT json_agg(_postgrest_t.pgrst_scalar)->0 FROM (SELECT "action_list".* FROM "pgrst_source" AS "action_list"  WHERE  to_jsonb("action_list"."pgrst_scalar")->>'code' like 'x\'   ) _postgrest_t
    $$, y.name), '42703', 'An answer has no columns', 'an answer that would be filtered: ' || y.name)
FROM (VALUES ('yacht'), ('other yacht')) AS y (name);

SELECT * FROM finish();
ROLLBACK;
