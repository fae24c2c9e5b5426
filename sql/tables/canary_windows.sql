-- canary_windows: what gateways saw, window by window. Sums over the actions, which all decisions read,
-- beside what was reported.

CREATE TABLE private.canary_windows (
    instance_id   uuid        NOT NULL,
    started_at    timestamptz NOT NULL,
    ended_at      timestamptz NOT NULL,
    is_last       boolean     NOT NULL,
    calls         integer     NOT NULL,
    successes     integer     NOT NULL,
    server_errors integer     NOT NULL,
    errors        integer     NOT NULL,
    violations    integer     NOT NULL,
    latency       integer[]   NOT NULL,
    actions       jsonb       NOT NULL,
    received_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT canary_windows_pkey PRIMARY KEY (instance_id, started_at),
    CONSTRAINT window_ends_after_it_began CHECK (ended_at > started_at),
    CONSTRAINT counts_are_of_the_calls CHECK (
        server_errors >= 0 AND violations >= 0 AND successes >= 0
        AND server_errors <= errors AND successes + errors <= calls AND violations <= calls)
);

-- Serves every look at a period.
CREATE INDEX canary_windows_by_end ON private.canary_windows (ended_at);

ALTER TABLE private.canary_windows OWNER TO pms_owner;
COMMENT ON TABLE private.canary_windows IS 'Calls of actions that gateways answered, by window of time.';
COMMENT ON COLUMN private.canary_windows.instance_id IS 'One run of one gateway.';
COMMENT ON COLUMN private.canary_windows.is_last IS
    'The instance has ended: that no window follows is no gap.';
COMMENT ON COLUMN private.canary_windows.successes IS
    'Calls that were answered as the API says: 2xx, 3xx, and refusals by a rule.';
COMMENT ON COLUMN private.canary_windows.server_errors IS 'Answers with 5xx.';
COMMENT ON COLUMN private.canary_windows.errors IS
    '5xx, 405, 406, 413, 416, and calls that were aborted.';
COMMENT ON COLUMN private.canary_windows.violations IS 'Answers with SQLSTATE 42501.';
COMMENT ON COLUMN private.canary_windows.latency IS
    'Calls per bucket of private.latency_bounds(), and above the last bound.';
COMMENT ON COLUMN private.canary_windows.actions IS
    'By action: statuses, codes of refusals, latency; as reported.';
REVOKE ALL ON TABLE private.canary_windows FROM PUBLIC, anon, authenticated, service_role;
