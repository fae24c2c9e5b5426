-- Revert part_lens_tenant:canary_windows from pg

BEGIN;

DROP FUNCTION private.canary_gap(timestamptz, timestamptz, interval, boolean);
DROP FUNCTION private.canary_figures(timestamptz, timestamptz, timestamptz);
DROP FUNCTION private.record_window(uuid, timestamptz, timestamptz, jsonb, boolean);
DROP FUNCTION private.window_sums(jsonb);
DROP FUNCTION private.refuse_service(text, text);
DROP FUNCTION private.latency_quantile(bigint[], numeric);
DROP FUNCTION private.latency_bounds();
DROP TABLE private.canary_windows;

COMMIT;
