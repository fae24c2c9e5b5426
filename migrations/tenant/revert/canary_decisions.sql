-- Revert part_lens_tenant:canary_decisions from pg

BEGIN;

DROP FUNCTION private.canary_state(timestamptz, integer, text);
DROP FUNCTION private.set_canary(timestamptz, integer, text, boolean, boolean, text);
DROP FUNCTION private.evaluate_canary(timestamptz, text);
DROP FUNCTION private.record_decision(
    text, timestamptz, text, text, integer, integer, jsonb, text[], text, boolean);
DROP FUNCTION private.alarm_figures(timestamptz, timestamptz, interval);
DROP FUNCTION private.drifting_stocks(timestamptz);
DROP FUNCTION private.canary_failures(text, integer, jsonb, integer);
DROP FUNCTION private.canary_verdicts(text, integer, jsonb, integer);
DROP TABLE private.canary_decisions;

COMMIT;
