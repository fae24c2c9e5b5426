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
