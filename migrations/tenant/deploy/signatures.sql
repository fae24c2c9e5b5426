-- Deploy part_lens_tenant:signatures to pg
-- requires: uuid_v7

BEGIN;

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

-- signatures: for pms_rpc alone.

ALTER TABLE private.signatures ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.signatures FORCE ROW LEVEL SECURITY;

-- An RPC sees the signatures of the caller.
CREATE POLICY select_rpc ON private.signatures
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (user_id = (SELECT auth.uid()));

-- A signature is the caller's own.
CREATE POLICY insert_rpc ON private.signatures
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (user_id = (SELECT auth.uid()));

GRANT SELECT, INSERT ON TABLE private.signatures TO pms_rpc;

COMMIT;
