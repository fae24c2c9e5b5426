-- Revert part_lens_tenant:action_registry from pg

BEGIN;

DROP TABLE private.action_registry;

COMMIT;
