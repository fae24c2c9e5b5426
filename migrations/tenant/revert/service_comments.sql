-- Revert part_lens_tenant:service_comments from pg

BEGIN;

COMMENT ON FUNCTION public.canary_state(integer) IS
    'The flag part_lens_v2: percentage, soak, figures, criteria, yachts in and out, and its last p_decisions (0 to 500) decisions with their numbers. For a service.';

COMMENT ON FUNCTION public.evaluate_canary() IS
    'Decides whether the ramp of part_lens_v2 goes on, stays or falls back, does it, and answers with the decision and its numbers. For a service.';

COMMENT ON FUNCTION public.reconcile(uuid) IS
    'Compares every stock (p_yacht_id: of one yacht) with the ledger and puts cached quantities right, on record. Says how many stocks it looked at, how many drifted and how many it repaired. For a service.';

COMMENT ON FUNCTION public.release_readiness() IS
    'What must be before v1 is retired, one row per criterion: figure, threshold, and the verdict pass, fail or not enough data. For a service.';

COMMENT ON FUNCTION public.report_canary_window(
    uuid, timestamptz, timestamptz, integer[], jsonb, boolean) IS
    'Records what a gateway answered from p_started_at to p_ended_at. p_actions: by function {"statuses": {"200": calls, "aborted": calls}, "codes": {code: calls}, "latency": [calls per bucket]}; p_latency_bounds: the upper bounds of the buckets in ms; p_is_last: the instance ends. For a service.';

COMMENT ON FUNCTION public.set_canary(integer, text, boolean, boolean) IS
    'Sets the percentage of yachts that part_lens_v2 is switched on for, with a reason. p_enabled false: for none; p_watched false: the windows of gateways do not move it from here on. For a service.';

COMMENT ON FUNCTION public.signature_compliance() IS
    'By type of movement and by action: how many must be signed, how many are, and a verdict. For a service.';

COMMIT;
