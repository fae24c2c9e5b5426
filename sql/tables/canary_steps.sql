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
