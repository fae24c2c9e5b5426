-- private.rpc_call: what an RPC knows about the call that it answers, from the gate to the answer.

CREATE TYPE private.rpc_call AS (
    call_id         uuid,
    action          text,
    lens            text,
    yacht_id        uuid,
    actor_id        uuid,
    role            text,
    http_status     integer,
    idempotency_key text,
    occurred_at     timestamptz,
    expected_seq    integer,
    notes           text,
    reason          text,
    metadata        jsonb,
    signature       jsonb,
    signature_id    uuid,
    -- The answer, once the call is refused; NULL: go on.
    refusal         jsonb
);

ALTER TYPE private.rpc_call OWNER TO pms_owner;
COMMENT ON COLUMN private.rpc_call.call_id IS
    'Id of the call''s audit row, and of its movement where it makes one.';
COMMENT ON TYPE private.rpc_call IS 'A call under way: who, what, and the refusal if there is one.';
REVOKE ALL ON TYPE private.rpc_call FROM PUBLIC, anon, authenticated, service_role;
GRANT USAGE ON TYPE private.rpc_call TO pms_rpc;
