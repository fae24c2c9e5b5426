-- Revert part_lens_tenant:part_search from pg

BEGIN;

DROP TRIGGER t90_index_words ON public.pms_parts;
DROP FUNCTION private.index_part_words();
DROP TABLE private.part_search;

COMMIT;
