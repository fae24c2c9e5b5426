-- Deploy part_lens_tenant:denied_attempts to pg
-- requires: schemas

BEGIN;

-- denied_attempts: calls of people who are not on the yacht, counted per person, yacht and minute. Not
-- in the yacht's log: a stranger could fill it. No foreign key to the yacht: it need not exist.

CREATE TABLE private.denied_attempts (
    user_id     uuid        NOT NULL,
    minute      timestamptz NOT NULL,
    yacht_id    uuid        NOT NULL,
    action      text        NOT NULL,
    attempts    integer     NOT NULL DEFAULT 1,
    CONSTRAINT denied_attempts_pkey PRIMARY KEY (yacht_id, user_id, minute, action),
    CONSTRAINT minute_is_whole CHECK (minute = date_trunc('minute', minute, 'UTC'))
);

-- Serves the cap per person and minute.
CREATE INDEX denied_attempts_by_person ON private.denied_attempts (user_id, minute);

ALTER TABLE private.denied_attempts OWNER TO pms_owner;
COMMENT ON TABLE private.denied_attempts IS 'Calls of people who are not on the yacht, per minute.';
COMMENT ON COLUMN private.denied_attempts.user_id IS 'The person; the nil UUID: a token without one.';
REVOKE ALL ON TABLE private.denied_attempts FROM PUBLIC, anon, authenticated, service_role;

-- denied_attempts: for pms_rpc alone; the person has no role by which a row could be tested.

ALTER TABLE private.denied_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.denied_attempts FORCE ROW LEVEL SECURITY;

-- The cap counts the attempts of all persons' rows of a minute.
CREATE POLICY select_rpc ON private.denied_attempts
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

-- Each refusal of a stranger is recorded.
CREATE POLICY insert_rpc ON private.denied_attempts
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (true);

-- A further attempt in the same minute is counted.
CREATE POLICY update_rpc ON private.denied_attempts
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (true)
    WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON TABLE private.denied_attempts TO pms_rpc;

COMMIT;
