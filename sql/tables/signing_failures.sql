-- signing_failures: one row per signature or enrolment code that was wrong. A success does not clear
-- them. Of a person, not of a yacht: who serves on two has one limit.

CREATE TABLE private.signing_failures (
    user_id    uuid        NOT NULL,
    failure_id uuid        NOT NULL DEFAULT private.uuid_v7(),
    action     text        NOT NULL,
    failed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT signing_failures_pkey PRIMARY KEY (user_id, failure_id)
);

-- Serves the count of the last minutes.
CREATE INDEX signing_failures_by_time ON private.signing_failures (user_id, failed_at);

ALTER TABLE private.signing_failures OWNER TO pms_owner;
COMMENT ON TABLE private.signing_failures IS
    'Wrong signatures and enrolment codes: too many in a while lock the person''s signature.';
REVOKE ALL ON TABLE private.signing_failures FROM PUBLIC, anon, authenticated, service_role;
