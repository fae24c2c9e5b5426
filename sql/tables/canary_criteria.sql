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
    ('release', 'log_parameter_max_length_on_error', 0, '=', 0, false, 'Bytes of a parameter that the server logs with an error'),
    ('release', 'hours_since_reconciliation', 0, '<=', 2, false, 'Hours since stocks were compared with the ledger, which a tick does every hour'),
    ('release', 'log_error_verbosity', 0, '=', 0, false, 'How much of an error the server logs: 0 terse, 1 default, 2 verbose');
