-- Verify part_lens_tenant:storage_lookup on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM (VALUES
        ('people see our buckets and no others', EXISTS (
            SELECT
            FROM pg_catalog.pg_policies AS p
            WHERE p.schemaname = 'storage'
              AND p.tablename = 'buckets'
              AND p.policyname = 'pms_buckets_select_people'
              AND p.cmd = 'SELECT'
              AND p.roles = '{authenticated}'
              AND p.qual ~ 'pms-part-photos.*pms-receiving-images.*pms-label-pdfs')),
        ('the sweep sees every object', EXISTS (
            SELECT
            FROM pg_catalog.pg_policies AS p
            WHERE p.schemaname = 'storage'
              AND p.tablename = 'objects'
              AND p.policyname = 'pms_objects_select_service'
              AND p.permissive = 'PERMISSIVE'
              AND p.cmd = 'SELECT'
              AND p.roles = '{service_role}'
              AND p.qual = 'true')),
        ('none of ours for nobody', NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_policies AS p
            WHERE p.schemaname = 'storage'
              AND p.policyname ~ '^pms_'
              AND p.roles && '{anon,public}'))
    ) AS f (fact, holds)
    WHERE f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'storage_lookup: wrong: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
