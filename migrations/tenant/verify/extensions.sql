-- Verify part_lens_tenant:extensions on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM (VALUES
        ('what is installed', ARRAY['btree_gin', 'pg_trgm', 'pgcrypto'] <@ ARRAY(
            SELECT e.extname::text
            FROM pg_catalog.pg_extension AS e
            WHERE e.extnamespace = 'extensions'::regnamespace)),
        ('what works', extensions.similarity('Racor', 'racor') = 1),
        ('who may use it', has_schema_privilege('pms_owner', 'extensions', 'USAGE')
            AND has_schema_privilege('pms_rpc', 'extensions', 'USAGE')),
        ('who may create there', NOT has_schema_privilege('public', 'extensions', 'CREATE')
            AND NOT has_schema_privilege('anon', 'extensions', 'CREATE')
            AND NOT has_schema_privilege('authenticated', 'extensions', 'CREATE')
            AND NOT has_schema_privilege('pms_rpc', 'extensions', 'CREATE')),
        ('what is in the API schema', NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_extension AS e
            WHERE e.extnamespace = 'public'::regnamespace
              AND e.extname IN ('btree_gin', 'pg_trgm', 'pgcrypto')))
    ) AS f (fact, holds)
    WHERE f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'extensions are not as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
