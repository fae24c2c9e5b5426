-- Deploy part_lens_tenant:storage_buckets to pg
-- requires: compat_storage
-- requires: yachts_and_people

BEGIN;

-- The buckets. The schema `storage` belongs to somebody else where Supabase brings it, and so may a bucket
-- of this name: then it gets these limits.

INSERT INTO storage.buckets AS b (id, name, public, file_size_limit, allowed_mime_types)
VALUES
    ('pms-part-photos', 'pms-part-photos', false, 10485760,
     ARRAY['image/jpeg', 'image/png', 'image/webp', 'image/heic']),
    ('pms-receiving-images', 'pms-receiving-images', false, 10485760,
     ARRAY['image/jpeg', 'image/png', 'image/webp', 'image/heic', 'application/pdf']),
    ('pms-label-pdfs', 'pms-label-pdfs', false, 5242880,
     ARRAY['application/pdf'])
ON CONFLICT (id) DO UPDATE
SET public = excluded.public,
    file_size_limit = excluded.file_size_limit,
    allowed_mime_types = excluded.allowed_mime_types;

-- storage.objects in the bucket pms-part-photos: photos of parts. Names begin with the yacht's id in lower case. The folder is
-- compared as text: a name of another form is refused, and nothing is cast that could raise.
--
-- The table belongs to the storage server: policies only, no ALTER, COMMENT or GRANT.

-- A person sees the objects of their yachts.
CREATE POLICY pms_part_photos_select_people ON storage.objects
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (bucket_id = 'pms-part-photos'
        AND (storage.foldername(name))[1] = ANY ((SELECT private.my_yachts())::text[]));

-- A person adds objects to their yachts.
CREATE POLICY pms_part_photos_insert_people ON storage.objects
    AS PERMISSIVE
    FOR INSERT
    TO authenticated
    WITH CHECK (bucket_id = 'pms-part-photos'
        AND (storage.foldername(name))[1] = ANY ((SELECT private.my_yachts())::text[]));

-- A manager changes and renames, within the yachts that they manage: both clauses say so.
CREATE POLICY pms_part_photos_update_manager ON storage.objects
    AS PERMISSIVE
    FOR UPDATE
    TO authenticated
    USING (bucket_id = 'pms-part-photos'
        AND (storage.foldername(name))[1] = ANY (
            (SELECT private.my_yachts(ARRAY['manager']))::text[]))
    WITH CHECK (bucket_id = 'pms-part-photos'
        AND (storage.foldername(name))[1] = ANY (
            (SELECT private.my_yachts(ARRAY['manager']))::text[]));

-- A manager deletes.
CREATE POLICY pms_part_photos_delete_manager ON storage.objects
    AS PERMISSIVE
    FOR DELETE
    TO authenticated
    USING (bucket_id = 'pms-part-photos'
        AND (storage.foldername(name))[1] = ANY (
            (SELECT private.my_yachts(ARRAY['manager']))::text[]));

-- storage.objects in the bucket pms-receiving-images: pictures of deliveries. Names begin with the yacht's id in lower case. The folder is
-- compared as text: a name of another form is refused, and nothing is cast that could raise.
--
-- The table belongs to the storage server: policies only, no ALTER, COMMENT or GRANT.

-- A person sees the objects of their yachts.
CREATE POLICY pms_receiving_images_select_people ON storage.objects
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (bucket_id = 'pms-receiving-images'
        AND (storage.foldername(name))[1] = ANY ((SELECT private.my_yachts())::text[]));

-- A person adds objects to their yachts.
CREATE POLICY pms_receiving_images_insert_people ON storage.objects
    AS PERMISSIVE
    FOR INSERT
    TO authenticated
    WITH CHECK (bucket_id = 'pms-receiving-images'
        AND (storage.foldername(name))[1] = ANY ((SELECT private.my_yachts())::text[]));

-- A manager changes and renames, within the yachts that they manage: both clauses say so.
CREATE POLICY pms_receiving_images_update_manager ON storage.objects
    AS PERMISSIVE
    FOR UPDATE
    TO authenticated
    USING (bucket_id = 'pms-receiving-images'
        AND (storage.foldername(name))[1] = ANY (
            (SELECT private.my_yachts(ARRAY['manager']))::text[]))
    WITH CHECK (bucket_id = 'pms-receiving-images'
        AND (storage.foldername(name))[1] = ANY (
            (SELECT private.my_yachts(ARRAY['manager']))::text[]));

-- A manager deletes.
CREATE POLICY pms_receiving_images_delete_manager ON storage.objects
    AS PERMISSIVE
    FOR DELETE
    TO authenticated
    USING (bucket_id = 'pms-receiving-images'
        AND (storage.foldername(name))[1] = ANY (
            (SELECT private.my_yachts(ARRAY['manager']))::text[]));

-- storage.objects in the bucket pms-label-pdfs: printed labels. Names begin with the yacht's id in lower case. The folder is
-- compared as text: a name of another form is refused, and nothing is cast that could raise.
--
-- The table belongs to the storage server: policies only, no ALTER, COMMENT or GRANT.

-- A person sees the objects of their yachts.
CREATE POLICY pms_label_pdfs_select_people ON storage.objects
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (bucket_id = 'pms-label-pdfs'
        AND (storage.foldername(name))[1] = ANY ((SELECT private.my_yachts())::text[]));

-- A person adds objects to their yachts.
CREATE POLICY pms_label_pdfs_insert_people ON storage.objects
    AS PERMISSIVE
    FOR INSERT
    TO authenticated
    WITH CHECK (bucket_id = 'pms-label-pdfs'
        AND (storage.foldername(name))[1] = ANY ((SELECT private.my_yachts())::text[]));

-- A manager changes and renames, within the yachts that they manage: both clauses say so.
CREATE POLICY pms_label_pdfs_update_manager ON storage.objects
    AS PERMISSIVE
    FOR UPDATE
    TO authenticated
    USING (bucket_id = 'pms-label-pdfs'
        AND (storage.foldername(name))[1] = ANY (
            (SELECT private.my_yachts(ARRAY['manager']))::text[]))
    WITH CHECK (bucket_id = 'pms-label-pdfs'
        AND (storage.foldername(name))[1] = ANY (
            (SELECT private.my_yachts(ARRAY['manager']))::text[]));

-- A manager deletes.
CREATE POLICY pms_label_pdfs_delete_manager ON storage.objects
    AS PERMISSIVE
    FOR DELETE
    TO authenticated
    USING (bucket_id = 'pms-label-pdfs'
        AND (storage.foldername(name))[1] = ANY (
            (SELECT private.my_yachts(ARRAY['manager']))::text[]));

COMMIT;
