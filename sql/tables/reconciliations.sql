-- reconciliations: each run of private.reconcile. It repairs what it finds, so what was found is kept
-- here: the ramp and the release look at it.

CREATE TABLE private.reconciliations (
    reconciliation_id bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    ran_at            timestamptz NOT NULL,
    stocks            bigint      NOT NULL,
    drifting          bigint      NOT NULL,
    repaired          bigint      NOT NULL,
    is_whole          boolean     NOT NULL DEFAULT true,
    CONSTRAINT reconciliations_pkey PRIMARY KEY (reconciliation_id),
    CONSTRAINT repaired_are_of_those_that_drift CHECK (
        stocks >= drifting AND drifting >= repaired AND repaired >= 0)
);

-- Serves "since when".
CREATE INDEX reconciliations_by_time ON private.reconciliations (ran_at);

ALTER TABLE private.reconciliations OWNER TO pms_owner;
COMMENT ON TABLE private.reconciliations IS 'How many stocks were compared with the ledger, and what was found.';
COMMENT ON SEQUENCE private.reconciliations_reconciliation_id_seq IS 'The order of the runs.';
COMMENT ON COLUMN private.reconciliations.stocks IS 'Stocks that were looked at.';
COMMENT ON COLUMN private.reconciliations.drifting IS 'Those that disagreed with the ledger.';
COMMENT ON COLUMN private.reconciliations.repaired IS 'Those whose cache was put right.';
COMMENT ON COLUMN private.reconciliations.is_whole IS
    'Of all yachts; false: of one that was named. Only whole runs say when all was compared last.';
REVOKE ALL ON TABLE private.reconciliations FROM PUBLIC, anon, authenticated, service_role;
