-- Revert part_lens_tenant:canary_rpcs from pg

BEGIN;

DROP FUNCTION public.canary_state(integer);
DROP FUNCTION public.set_canary(integer, text, boolean, boolean);
DROP FUNCTION public.evaluate_canary();
DROP FUNCTION public.report_canary_window(
    uuid, timestamptz, timestamptz, integer[], jsonb, boolean);

COMMIT;
