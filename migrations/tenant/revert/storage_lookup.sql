-- Revert part_lens_tenant:storage_lookup from pg

BEGIN;

DROP POLICY pms_objects_select_service ON storage.objects;
DROP POLICY pms_buckets_select_people ON storage.buckets;

COMMIT;
