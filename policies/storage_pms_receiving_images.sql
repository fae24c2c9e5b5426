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
