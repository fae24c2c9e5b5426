-- Deploy part_lens_tenant:signing_tables to pg
-- requires: signatures
-- requires: role_helpers

BEGIN;

-- signing_credentials: what a person signs with. A person has at most two: the confirmed one, and one
-- that waits for its first code. No yacht: who serves on two signs with one PIN.

CREATE TABLE private.signing_credentials (
    user_id      uuid        NOT NULL,
    is_confirmed boolean     NOT NULL DEFAULT false,
    pin_hash     text        NOT NULL,
    totp_secret  bytea       NOT NULL,
    key_id       text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT signing_credentials_pkey PRIMARY KEY (user_id, is_confirmed),
    CONSTRAINT pin_is_hashed_by_bcrypt CHECK (pin_hash ~ '^\$2a\$[0-9]{2}\$.{53}$')
);

ALTER TABLE private.signing_credentials OWNER TO pms_owner;
COMMENT ON TABLE private.signing_credentials IS 'PIN and authenticator of a person, neither in clear.';
COMMENT ON COLUMN private.signing_credentials.totp_secret IS
    'RFC 6238 secret, encrypted (OpenPGP, AES-256) with the key that key_id names.';
COMMENT ON COLUMN private.signing_credentials.key_id IS 'Which key of private.totp_key encrypted it.';
REVOKE ALL ON TABLE private.signing_credentials FROM PUBLIC, anon, authenticated, service_role;

-- signing_credentials: for pms_rpc alone.

ALTER TABLE private.signing_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.signing_credentials FORCE ROW LEVEL SECURITY;

-- An RPC sees the caller's own. A service, who is no person, must see whether a captain has one.
CREATE POLICY select_rpc ON private.signing_credentials
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (user_id = (SELECT auth.uid()) OR (SELECT auth.uid()) IS NULL);

-- A credential is the caller's own.
CREATE POLICY insert_rpc ON private.signing_credentials
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (user_id = (SELECT auth.uid()));

-- A person confirms their own.
CREATE POLICY update_rpc ON private.signing_credentials
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (user_id = (SELECT auth.uid()))
    WITH CHECK (user_id = (SELECT auth.uid()));

-- A new one takes the place of the caller's old one.
CREATE POLICY delete_rpc ON private.signing_credentials
    AS PERMISSIVE
    FOR DELETE
    TO pms_rpc
    USING (user_id = (SELECT auth.uid()));

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE private.signing_credentials TO pms_rpc;

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

-- signing_failures: for pms_rpc alone, which adds and never removes.

ALTER TABLE private.signing_failures ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.signing_failures FORCE ROW LEVEL SECURITY;

-- An RPC counts the failures of the caller.
CREATE POLICY select_rpc ON private.signing_failures
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (user_id = (SELECT auth.uid()));

-- A failure is the caller's own.
CREATE POLICY insert_rpc ON private.signing_failures
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (user_id = (SELECT auth.uid()));

GRANT SELECT, INSERT ON TABLE private.signing_failures TO pms_rpc;

-- enrolment_codes: one-time codes with which a person enrols. The newest counts, for a day.

CREATE TABLE private.enrolment_codes (
    yacht_id    uuid        NOT NULL,
    user_id     uuid        NOT NULL,
    code_sha256 bytea       NOT NULL,
    issued_by   uuid,
    expires_at  timestamptz NOT NULL,
    CONSTRAINT enrolment_codes_pkey PRIMARY KEY (yacht_id, user_id),
    CONSTRAINT code_is_of_a_yacht FOREIGN KEY (yacht_id)
        REFERENCES public.yacht_registry (yacht_id) ON DELETE RESTRICT
);

ALTER TABLE private.enrolment_codes OWNER TO pms_owner;
COMMENT ON TABLE private.enrolment_codes IS 'Codes, used once, with which a person enrols for signing.';
COMMENT ON COLUMN private.enrolment_codes.code_sha256 IS 'SHA-256 of the code: 80 random bits.';
COMMENT ON COLUMN private.enrolment_codes.issued_by IS 'Captain or manager; NULL: a service.';
REVOKE ALL ON TABLE private.enrolment_codes FROM PUBLIC, anon, authenticated, service_role;

-- enrolment_codes: for pms_rpc alone.

ALTER TABLE private.enrolment_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.enrolment_codes FORCE ROW LEVEL SECURITY;

-- An RPC sees the codes of the yacht that its gate opened.
CREATE POLICY select_rpc ON private.enrolment_codes
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- A code is of that yacht, and says who issued it.
CREATE POLICY insert_rpc ON private.enrolment_codes
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (issued_by IS NOT DISTINCT FROM (SELECT auth.uid())
        AND yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- A used code goes, and one that another takes the place of.
CREATE POLICY delete_rpc ON private.enrolment_codes
    AS PERMISSIVE
    FOR DELETE
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

GRANT SELECT, INSERT, DELETE ON TABLE private.enrolment_codes TO pms_rpc;

COMMIT;
