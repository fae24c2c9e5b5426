-- canary_decisions: every decision with its numbers. A decision to hold for the cause for which it was
-- held already is that decision again: its row counts it and shows the newest numbers.

CREATE TABLE private.canary_decisions (
    flag_name         text        NOT NULL,
    decision_id       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    decision          text        NOT NULL,
    cause             text        NOT NULL,
    failed            text[]      NOT NULL DEFAULT '{}',
    percentage_before integer     NOT NULL,
    percentage_after  integer     NOT NULL,
    figures           jsonb       NOT NULL,
    reason            text,
    actor             text        NOT NULL,
    is_watched        boolean     NOT NULL,
    decided_at        timestamptz NOT NULL,
    newest_at         timestamptz NOT NULL,
    evaluations       integer     NOT NULL DEFAULT 1,
    CONSTRAINT canary_decisions_pkey PRIMARY KEY (flag_name, decision_id),
    CONSTRAINT decision_is_of_a_flag FOREIGN KEY (flag_name)
        REFERENCES public.feature_flags (flag_name) ON DELETE RESTRICT,
    CONSTRAINT decision_moves_as_it_says CHECK (
        CASE decision
            WHEN 'set' THEN reason IS NOT NULL AND cause = 'operator'
            WHEN 'advance' THEN percentage_after > percentage_before
            WHEN 'fall_back' THEN percentage_after < percentage_before
            WHEN 'hold' THEN percentage_after = percentage_before
            ELSE false
        END)
);

ALTER TABLE private.canary_decisions OWNER TO pms_owner;
COMMENT ON TABLE private.canary_decisions IS 'What was decided about a flag, why, and by which numbers.';
COMMENT ON SEQUENCE private.canary_decisions_decision_id_seq IS 'The order in which was decided.';
COMMENT ON COLUMN private.canary_decisions.decision IS 'set, advance, hold or fall_back.';
COMMENT ON COLUMN private.canary_decisions.cause IS
    'operator (set), passed (advance), alarm or criterion (fall_back), or what holds it.';
COMMENT ON COLUMN private.canary_decisions.failed IS 'The measures that were not as they must be.';
COMMENT ON COLUMN private.canary_decisions.reason IS 'The operator''s words.';
COMMENT ON COLUMN private.canary_decisions.actor IS 'Who decided: a database role, or its token''s person.';
COMMENT ON COLUMN private.canary_decisions.is_watched IS
    'Whether windows move the flag from here on; an operator who retires v1 switches that off.';
COMMENT ON COLUMN private.canary_decisions.newest_at IS 'When it was last decided again.';
COMMENT ON COLUMN private.canary_decisions.evaluations IS 'How often it was decided.';
REVOKE ALL ON TABLE private.canary_decisions FROM PUBLIC, anon, authenticated, service_role;
