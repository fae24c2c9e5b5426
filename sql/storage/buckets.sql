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
