-- Revert part_lens_tenant:canary_plan from pg

BEGIN;

DROP TABLE private.canary_criteria;
DROP TABLE private.canary_steps;

COMMIT;
