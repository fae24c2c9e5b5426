-- request_keys: one row per call that wrote, under the key that its client chose. No foreign key to
-- the yacht: each call would lock the yacht's row.

CREATE TABLE private.request_keys (
    yacht_id         uuid                    NOT NULL,
    idempotency_key  private.idempotency_key NOT NULL,
    actor_id         uuid                    NOT NULL,
    action           text                    NOT NULL,
    arguments_sha256 bytea                   NOT NULL,
    result           jsonb,
    created_at       timestamptz             NOT NULL DEFAULT now(),
    CONSTRAINT request_keys_pkey PRIMARY KEY (yacht_id, idempotency_key)
)
    -- The row is written twice in its first transaction: when it is claimed, and with its result.
    WITH (fillfactor = 80);

ALTER TABLE private.request_keys OWNER TO pms_owner;
COMMENT ON TABLE private.request_keys IS 'Idempotency keys of calls that wrote, with their results.';
COMMENT ON COLUMN private.request_keys.arguments_sha256 IS
    'SHA-256 of the arguments as jsonb text, without the signature.';
REVOKE ALL ON TABLE private.request_keys FROM PUBLIC, anon, authenticated, service_role;
