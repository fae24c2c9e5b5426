-- Revert part_lens_tenant:storage_buckets from pg

BEGIN;

DROP POLICY pms_label_pdfs_delete_manager ON storage.objects;
DROP POLICY pms_label_pdfs_update_manager ON storage.objects;
DROP POLICY pms_label_pdfs_insert_people ON storage.objects;
DROP POLICY pms_label_pdfs_select_people ON storage.objects;
DROP POLICY pms_receiving_images_delete_manager ON storage.objects;
DROP POLICY pms_receiving_images_update_manager ON storage.objects;
DROP POLICY pms_receiving_images_insert_people ON storage.objects;
DROP POLICY pms_receiving_images_select_people ON storage.objects;
DROP POLICY pms_part_photos_delete_manager ON storage.objects;
DROP POLICY pms_part_photos_update_manager ON storage.objects;
DROP POLICY pms_part_photos_insert_people ON storage.objects;
DROP POLICY pms_part_photos_select_people ON storage.objects;

-- A newer storage server refuses a DELETE by SQL unless it is asked for; a bucket with objects stays, and
-- with it this change.
SELECT set_config('storage.allow_delete_query', 'true', true);
DELETE FROM storage.buckets AS b
WHERE b.id IN ('pms-part-photos', 'pms-receiving-images', 'pms-label-pdfs');

COMMIT;
