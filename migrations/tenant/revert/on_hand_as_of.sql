-- Revert part_lens_tenant:on_hand_as_of from pg

BEGIN;

DROP FUNCTION public.on_hand_as_of(uuid, uuid, timestamptz, text);

COMMIT;
