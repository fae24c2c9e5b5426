-- storage.buckets and storage.objects: what the gateway looks up where no storage server runs. It acts as the
-- caller in all that it reads and writes, and its login has no right of its own on these tables.
--
-- The tables belong to the storage server: policies only, no ALTER, COMMENT or GRANT.

-- A person sees the limits of our buckets: an upload is held to them before the first byte is stored.
CREATE POLICY pms_buckets_select_people ON storage.buckets
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (id IN ('pms-part-photos', 'pms-receiving-images', 'pms-label-pdfs'));

-- The sweep of bytes that no row names must see all rows, or it would take what it cannot see for an orphan.
-- On Supabase service_role bypasses row security and this adds nothing; elsewhere it may read, and no more.
CREATE POLICY pms_objects_select_service ON storage.objects
    AS PERMISSIVE
    FOR SELECT
    TO service_role
    USING (true);
