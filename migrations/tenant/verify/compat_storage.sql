-- Verify part_lens_tenant:compat_storage on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM id, name, public, file_size_limit, allowed_mime_types
    FROM storage.buckets
    WHERE false;
    PERFORM id, bucket_id, name, owner, metadata, path_tokens
    FROM storage.objects
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM (VALUES
        ('storage.foldername', storage.foldername('a/b/c.png') = '{a,b}'),
        ('storage.filename', storage.filename('a/b/c.png') = 'c.png'),
        ('storage.extension', storage.extension('a/b/c.png') = 'png'),
        ('row security', 2 = (
            SELECT count(*)
            FROM pg_catalog.pg_class AS c
            WHERE c.oid IN ('storage.buckets'::regclass, 'storage.objects'::regclass)
              AND c.relrowsecurity)),
        ('who may use the schema', has_schema_privilege('authenticated', 'storage', 'USAGE')),
        ('who may create there', NOT has_schema_privilege('public', 'storage', 'CREATE')
            AND NOT has_schema_privilege('anon', 'storage', 'CREATE')
            AND NOT has_schema_privilege('authenticated', 'storage', 'CREATE')),
        ('what PUBLIC may', NOT has_table_privilege('public', 'storage.objects', 'SELECT')
            AND NOT has_table_privilege('public', 'storage.objects', 'INSERT'))
    ) AS f (fact, holds)
    WHERE f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'storage is not as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
