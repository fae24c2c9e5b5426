-- Verify part_lens_tenant:storage_buckets on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM (VALUES
        ('the buckets, private and with limits', 3 = (
            SELECT count(*)
            FROM storage.buckets AS b
            WHERE b.id IN ('pms-part-photos', 'pms-receiving-images', 'pms-label-pdfs')
              AND NOT b.public
              AND b.file_size_limit IS NOT NULL
              AND b.allowed_mime_types IS NOT NULL)),
        ('four policies for each, for people with a token alone', 12 = (
            SELECT count(*)
            FROM pg_catalog.pg_policies AS p
            WHERE p.schemaname = 'storage'
              AND p.tablename = 'objects'
              AND p.policyname ~ '^pms_(part_photos|receiving_images|label_pdfs)_'
              AND p.roles = '{authenticated}')),
        ('both clauses of UPDATE', NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_policies AS p
            WHERE p.schemaname = 'storage'
              AND p.cmd = 'UPDATE'
              AND p.policyname ~ '^pms_'
              AND (p.qual IS NULL OR p.with_check IS NULL))),
        ('row security', (
            SELECT c.relrowsecurity
            FROM pg_catalog.pg_class AS c
            WHERE c.oid = 'storage.objects'::regclass))
    ) AS f (fact, holds)
    WHERE f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'storage_buckets: wrong: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
