-- Deploy part_lens_tenant:domains to pg
-- requires: schemas

BEGIN;

-- Domains of columns that each call writes. Their CHECKs are kept parsed, where those of a table are
-- parsed again by each INSERT.

CREATE DOMAIN private.signature_proof AS jsonb
    NOT NULL
    DEFAULT '{}'
    CONSTRAINT signature_is_complete CHECK (
        VALUE = '{}'
        -- ?& is also true of a list of these words.
        OR (jsonb_typeof(VALUE) = 'object'
            AND VALUE ?& ARRAY['method', 'pin', 'totp', 'signer_id', 'role', 'signed_at', 'totp_step',
                               'payload_sha256']));

ALTER DOMAIN private.signature_proof OWNER TO pms_owner;
COMMENT ON DOMAIN private.signature_proof IS
    'What proves a signature, never a secret: method, pin, totp, signer_id, role, signed_at, totp_step, payload_sha256; {} when unsigned.';
REVOKE ALL ON TYPE private.signature_proof FROM PUBLIC, anon, authenticated, service_role;
GRANT USAGE ON TYPE private.signature_proof TO pms_rpc;

CREATE DOMAIN private.audit_outcome AS text
    CONSTRAINT outcome_is_ok_or_rejected CHECK (VALUE IN ('ok', 'rejected'));

ALTER DOMAIN private.audit_outcome OWNER TO pms_owner;
COMMENT ON DOMAIN private.audit_outcome IS 'How a call ended: ok or rejected.';
REVOKE ALL ON TYPE private.audit_outcome FROM PUBLIC, anon, authenticated, service_role;
GRANT USAGE ON TYPE private.audit_outcome TO pms_rpc;

CREATE DOMAIN private.idempotency_key AS text
    CONSTRAINT key_has_1_to_255_characters CHECK (length(VALUE) BETWEEN 1 AND 255);

ALTER DOMAIN private.idempotency_key OWNER TO pms_owner;
COMMENT ON DOMAIN private.idempotency_key IS 'A key that a client chose for a call, 1 to 255 characters.';
REVOKE ALL ON TYPE private.idempotency_key FROM PUBLIC, anon, authenticated, service_role;
GRANT USAGE ON TYPE private.idempotency_key TO pms_rpc;

COMMIT;
