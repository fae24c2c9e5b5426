-- Deploy part_lens_tenant:canary_plan to pg
-- requires: feature_flags

BEGIN;

-- canary_steps: the ramp. What must have happened before a step is left upwards, besides its criteria
-- (private.canary_criteria).

CREATE TABLE private.canary_steps (
    percentage   integer  NOT NULL,
    soak         interval NOT NULL,
    min_calls    integer  NOT NULL,
    max_gap      interval NOT NULL,
    alarm_period interval NOT NULL,
    alarm_calls  integer  NOT NULL,
    CONSTRAINT canary_steps_pkey PRIMARY KEY (percentage),
    CONSTRAINT step_is_of_a_hundred CHECK (percentage BETWEEN 0 AND 100),
    CONSTRAINT step_takes_calls_and_time CHECK (
        soak >= interval '0' AND max_gap > interval '0' AND alarm_period > interval '0'
        AND min_calls > 0 AND alarm_calls > 0)
);

ALTER TABLE private.canary_steps OWNER TO pms_owner;
COMMENT ON TABLE private.canary_steps IS
    'The steps of the ramp. A percentage between two steps is kept to the rules of the lower one.';
COMMENT ON COLUMN private.canary_steps.soak IS
    'How long the criteria must hold, and how far back they look.';
COMMENT ON COLUMN private.canary_steps.min_calls IS
    'With fewer calls neither rates nor percentiles are judged: the step holds.';
COMMENT ON COLUMN private.canary_steps.max_gap IS
    'A longer time without a report of a gateway holds the step.';
COMMENT ON COLUMN private.canary_steps.alarm_period IS 'How far back alarms look.';
COMMENT ON COLUMN private.canary_steps.alarm_calls IS
    'With fewer calls in that time, no rate and no percentile raises an alarm.';
REVOKE ALL ON TABLE private.canary_steps FROM PUBLIC, anon, authenticated, service_role;

-- At 0 no yacht is in and nothing can be measured: an operator starts the ramp.
INSERT INTO private.canary_steps
    (percentage, soak, min_calls, max_gap, alarm_period, alarm_calls)
VALUES
    (0, '0', 200, '1 minute', '5 minutes', 20),
    (5, '24 hours', 200, '1 minute', '5 minutes', 20),
    (20, '24 hours', 200, '1 minute', '5 minutes', 20),
    (50, '48 hours', 200, '1 minute', '5 minutes', 20),
    (100, '7 days', 200, '1 minute', '5 minutes', 20);

-- canary_steps: read by calls of a service; written by migrations and by the deployer.

ALTER TABLE private.canary_steps ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.canary_steps FORCE ROW LEVEL SECURITY;

-- A call of a service reads the ramp.
CREATE POLICY select_service ON private.canary_steps
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role');

GRANT SELECT ON TABLE private.canary_steps TO pms_rpc;

-- canary_criteria: what figures must be. `step`: to stay at a step and to leave it upwards; `alarm`: or
-- nobody stays in; `release`: before v1 is retired (private.release_readiness).

CREATE TABLE private.canary_criteria (
    purpose     text    NOT NULL,
    measure     text    NOT NULL,
    percentage  integer NOT NULL,
    comparison  text    NOT NULL,
    threshold   numeric NOT NULL,
    needs_calls boolean NOT NULL,
    description text    NOT NULL,
    CONSTRAINT canary_criteria_pkey PRIMARY KEY (purpose, measure, percentage),
    CONSTRAINT purpose_is_known CHECK (purpose IN ('step', 'alarm', 'release')),
    CONSTRAINT comparison_is_known CHECK (comparison IN ('<', '<=', '=', '>=', '>'))
);

ALTER TABLE private.canary_criteria OWNER TO pms_owner;
COMMENT ON TABLE private.canary_criteria IS
    'What figures must be to stay at a step, to stay in at all, and to be ready for release.';
COMMENT ON COLUMN private.canary_criteria.measure IS
    'Name of the figure: rates in percent, _ms in milliseconds, others are counts.';
COMMENT ON COLUMN private.canary_criteria.percentage IS
    'The criterion counts from this percentage on, until another one of its measure does.';
COMMENT ON COLUMN private.canary_criteria.description IS 'The measure in words.';
COMMENT ON COLUMN private.canary_criteria.comparison IS 'The figure must be … the threshold.';
COMMENT ON COLUMN private.canary_criteria.needs_calls IS
    'Whether it is judged only with enough calls; one violation is one too many of any number.';
REVOKE ALL ON TABLE private.canary_criteria FROM PUBLIC, anon, authenticated, service_role;

INSERT INTO private.canary_criteria
    (purpose, measure, percentage, comparison, threshold, needs_calls, description)
VALUES
    ('step', 'server_errors', 0, '=', 0, false, 'Answers with 5xx'),
    ('step', 'violations', 0, '=', 0, false, 'Calls that a policy stopped'),
    ('step', 'p95_ms', 0, '<', 500, true, '95 of 100 calls are answered within'),
    ('step', 'p99_ms', 0, '<', 1000, true, '99 of 100 calls are answered within'),
    ('step', 'success_rate', 0, '>', 99, true, 'Calls answered as the API says'),
    ('step', 'error_rate', 0, '<', 1, true, 'Calls that failed'),
    ('step', 'error_rate', 100, '<', 0.5, true, 'Calls that failed'),
    ('alarm', 'server_errors', 0, '<=', 5, false, 'Answers with 5xx in 5 minutes'),
    ('alarm', 'violations', 0, '=', 0, false, 'Calls that a policy stopped'),
    ('alarm', 'drifting_stocks', 0, '=', 0, false, 'Stocks that disagree with the ledger'),
    ('alarm', 'p95_ms', 0, '<=', 500, true, '95 of 100 calls in 5 minutes are answered within'),
    ('alarm', 'error_rate', 0, '<=', 2, true, 'Calls in 5 minutes that failed');

-- What must be before v1 is retired.
INSERT INTO private.canary_criteria
    (purpose, measure, percentage, comparison, threshold, needs_calls, description)
VALUES
    ('release', 'days_at_100', 0, '>=', 7, false, 'Days at 100 %'),
    ('release', 'server_errors', 0, '=', 0, false, 'Answers with 5xx in 7 days at 100 %'),
    ('release', 'p95_ms', 0, '<', 400, true, '95 of 100 calls in 7 days at 100 % are answered within'),
    ('release', 'error_rate', 0, '<', 0.3, true, 'Calls in 7 days at 100 % that failed'),
    ('release', 'violations', 0, '=', 0, false, 'Calls in 7 days at 100 % that a policy stopped'),
    ('release', 'server_errors_before', 0, '=', 0, false, 'Answers with 5xx in the 48 hours before 100 %'),
    ('release', 'success_rate', 0, '>', 99, true, 'Calls answered as the API says, in the worse of both times'),
    ('release', 'p99_ms', 0, '<', 1000, true, '99 of 100 calls are answered within, in the worse of both times'),
    ('release', 'drift_rate', 0, '<', 0.1, false, 'Stocks that disagree with the ledger, at worst in 7 days'),
    ('release', 'signed_rate', 0, '=', 100, false, 'Signed actions and movements that are signed'),
    ('release', 'repeated_keys', 0, '=', 0, false, 'Idempotency keys that were carried out more than once'),
    ('release', 'log_parameter_max_length', 0, '=', 0, false, 'Bytes of a parameter that the server logs'),
    ('release', 'log_parameter_max_length_on_error', 0, '=', 0, false, 'Bytes of a parameter that the server logs with an error');

-- canary_criteria: read by calls of a service; written by migrations and by the deployer.

ALTER TABLE private.canary_criteria ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.canary_criteria FORCE ROW LEVEL SECURITY;

-- A call of a service reads the thresholds.
CREATE POLICY select_service ON private.canary_criteria
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (current_setting('role') = 'service_role');

GRANT SELECT ON TABLE private.canary_criteria TO pms_rpc;

COMMIT;
