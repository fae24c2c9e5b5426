-- signatures: one row per accepted code. A time step of a person's authenticator counts once.

CREATE TABLE private.signatures (
    yacht_id       uuid        NOT NULL,
    signature_id   uuid        NOT NULL DEFAULT private.uuid_v7(),
    user_id        uuid        NOT NULL,
    totp_step      bigint      NOT NULL,
    action         text        NOT NULL,
    payload_sha256 text        NOT NULL,
    signed_at      timestamptz NOT NULL,
    CONSTRAINT signatures_pkey PRIMARY KEY (yacht_id, signature_id),
    -- Without the yacht: a code that was used on one yacht is used up on every other.
    CONSTRAINT code_counts_once UNIQUE (user_id, totp_step),
    CONSTRAINT payload_is_a_sha256 CHECK (payload_sha256 ~ '^[0-9a-f]{64}$')
);

ALTER TABLE private.signatures OWNER TO pms_owner;
COMMENT ON TABLE private.signatures IS 'Accepted signatures; signed movements refer to them.';
COMMENT ON COLUMN private.signatures.totp_step IS 'Unix time divided by 30 s, RFC 6238.';
COMMENT ON COLUMN private.signatures.payload_sha256 IS 'SHA-256, in hex, of the signed arguments.';
REVOKE ALL ON TABLE private.signatures FROM PUBLIC, anon, authenticated, service_role;
