-- Revert part_lens_tenant:action_list from pg

BEGIN;

DROP FUNCTION public.action_list(uuid, uuid);

COMMIT;
