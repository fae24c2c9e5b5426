-- Deploy part_lens_tenant:request_keys to pg
-- requires: domains

BEGIN;

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

-- request_keys: for pms_rpc alone.

ALTER TABLE private.request_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.request_keys FORCE ROW LEVEL SECURITY;

-- An RPC sees the keys of the yacht that its gate opened: another person's key is not free either.
CREATE POLICY select_rpc ON private.request_keys
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- A key is claimed for the caller.
CREATE POLICY insert_rpc ON private.request_keys
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (actor_id = auth.uid()
        AND yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- The result is added by who claimed the key.
CREATE POLICY update_rpc ON private.request_keys
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (actor_id = auth.uid())
    WITH CHECK (actor_id = auth.uid());

-- A refused call leaves its key free.
CREATE POLICY delete_rpc ON private.request_keys
    AS PERMISSIVE
    FOR DELETE
    TO pms_rpc
    USING (actor_id = auth.uid());

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE private.request_keys TO pms_rpc;

COMMIT;
