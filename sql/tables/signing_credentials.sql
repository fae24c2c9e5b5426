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
