-- Revert part_lens_tenant:pms_shopping_list_items from pg

BEGIN;

DROP TABLE public.pms_shopping_list_items;

COMMIT;
