-- Deploy part_lens_tenant:service_comments to pg
-- requires: canary_rpcs
-- requires: reconciliation
-- requires: signature_compliance
-- requires: release_readiness

BEGIN;

COMMENT ON FUNCTION public.canary_state(integer) IS
    'Tells where part_lens_v2 stands: percentage, soak, figures, criteria, yachts in and out, and the last decisions with their numbers. For a service.

p_decisions: how many, 0 to 500, newest first.

Answers 200 {"flag_name": "text", "enabled": "boolean", "canary_percentage": "integer", "updated_at": "timestamptz", "is_watched": "boolean", "fell_back": "boolean", "soak_ends_at": "timestamptz", "next_percentage": "integer?", "min_calls": "integer", "gap": "text?", "figures": "jsonb", "criteria": [{"measure": "text", "figure": "numeric?", "comparison": "text", "threshold": "numeric", "is_judged": "boolean", "holds": "boolean?"}], "yachts": [{"yacht_id": "uuid", "name": "text", "bucket": "integer", "is_in": "boolean"}], "decisions": "jsonb"}';

COMMENT ON FUNCTION public.evaluate_canary() IS
    'Decides whether the ramp of part_lens_v2 goes on, stays or falls back, does it, and answers with the decision and its numbers. For a service.

Answers 200 {"success": "boolean", "action": "text", "flag_name": "text", "decision_id": "bigint", "decision": "text", "cause": "text", "failed": ["text"], "percentage_before": "integer", "percentage_after": "integer", "figures": "jsonb", "reason": "text?", "actor": "text", "is_watched": "boolean", "decided_at": "timestamptz", "newest_at": "timestamptz", "evaluations": "integer"}';

COMMENT ON FUNCTION public.reconcile(uuid) IS
    'Compares every stock with the ledger and puts cached quantities right, on record. Says how many stocks it looked at, how many drifted and how many it repaired; without any stock: not enough data. For a service.

p_yacht_id: only of this yacht.

Answers 200 {"success": "boolean", "action": "text", "yachts": "bigint", "stocks": "bigint", "drifting": "bigint", "repaired": "bigint", "verdict": "text"}';

COMMENT ON FUNCTION public.release_readiness() IS
    'Tells what must be before v1 is retired, one row per criterion: figure, threshold, and the verdict pass, fail or not enough data. For a service.

Answers 200 [{"criterion": "text", "figure": "numeric?", "threshold": "text", "verdict": "text", "description": "text"}]';

COMMENT ON FUNCTION public.report_canary_window(
    uuid, timestamptz, timestamptz, integer[], jsonb, boolean) IS
    'Records what a gateway answered from p_started_at to p_ended_at. For a service.

p_instance_id: one run of one gateway.
p_started_at, p_ended_at: the window, at most 10 minutes.
p_latency_bounds: the upper bounds of the buckets in ms; must be those of this database.
p_actions: by function {"statuses": {"200": calls, "aborted": calls}, "codes": {code: calls}, "latency": [calls per bucket]}.
p_is_last: the instance ends, so that no window follows is no gap.

Requires p_instance_id, p_started_at, p_ended_at, p_latency_bounds, p_actions
Answers 200 {"success": "boolean", "action": "text", "decision": "text?", "cause": "text?"}
Refuses 400 invalid_argument';

COMMENT ON FUNCTION public.set_canary(integer, text, boolean, boolean) IS
    'Sets the percentage of yachts that part_lens_v2 is switched on for, with a reason. For a service.

p_percentage: 0 to 100; yachts whose place is under it are in.
p_reason: why; up to 2000 characters, kept with the decision.
p_enabled: false: no yacht is in.
p_watched: false: the windows of gateways do not move it from here on.

Requires p_percentage, p_reason
Answers 200 {"success": "boolean", "action": "text", "flag_name": "text", "decision_id": "bigint", "decision": "text", "cause": "text", "failed": ["text"], "percentage_before": "integer", "percentage_after": "integer", "figures": "jsonb", "reason": "text?", "actor": "text", "is_watched": "boolean", "decided_at": "timestamptz", "newest_at": "timestamptz", "evaluations": "integer"}
Refuses 400 invalid_argument';

COMMENT ON FUNCTION public.signature_compliance() IS
    'Counts, by type of movement and by action, how many must be signed and how many are, with a verdict: pass, fail, not enough data. For a service.

Answers 200 [{"source": "text", "kind": "text", "total": "bigint", "signed": "bigint", "unsigned": "bigint", "verdict": "text"}]';

COMMIT;
