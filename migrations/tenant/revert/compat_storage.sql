-- Revert part_lens_tenant:compat_storage from pg

BEGIN;

-- Supabase's own schema has not our comment, and stays.

DO $storage$
BEGIN
    IF obj_description(to_regnamespace('storage'), 'pg_namespace') LIKE 'Part Lens:%' THEN
        DROP FUNCTION storage.extension(text);
        DROP FUNCTION storage.filename(text);
        DROP FUNCTION storage.foldername(text);
        DROP TABLE storage.objects;
        DROP TABLE storage.buckets;
        DROP SCHEMA storage;
    END IF;
END
$storage$;

COMMIT;
