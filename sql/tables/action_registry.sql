-- action_registry: who may run which action, whether it is signed, what it writes. The gates of the
-- RPCs, the policy on the ledger and action_list all read this table, so they cannot disagree.

CREATE TABLE private.action_registry (
    action             text     NOT NULL,
    lens               text     NOT NULL,
    description        text     NOT NULL,
    roles              text[]   NOT NULL,
    is_write           boolean  NOT NULL,
    is_signed          boolean  NOT NULL,
    required_arguments text[]   NOT NULL,
    transaction_types  text[]   NOT NULL,
    success_status     smallint NOT NULL,
    CONSTRAINT action_registry_pkey PRIMARY KEY (action),
    CONSTRAINT action_has_roles CHECK (cardinality(roles) > 0),
    CONSTRAINT only_writes_are_signed CHECK (is_write OR NOT is_signed),
    CONSTRAINT only_writes_move_stock CHECK (is_write OR transaction_types = '{}'),
    CONSTRAINT success_is_200_or_201 CHECK (success_status IN (200, 201))
);

ALTER TABLE private.action_registry OWNER TO pms_owner;
COMMENT ON TABLE private.action_registry IS 'The actions: who may run them, what they need, what they write.';
COMMENT ON COLUMN private.action_registry.action IS 'Name of the action and of its RPC.';
COMMENT ON COLUMN private.action_registry.lens IS 'What the action looks at; goes into the audit row.';
COMMENT ON COLUMN private.action_registry.roles IS 'The yacht roles that may run it.';
COMMENT ON COLUMN private.action_registry.is_write IS 'Whether it takes an idempotency key.';
COMMENT ON COLUMN private.action_registry.required_arguments IS
    'Parameters that must be given, besides yacht, idempotency key and signature.';
COMMENT ON COLUMN private.action_registry.transaction_types IS 'Types of movements that it may insert.';
COMMENT ON COLUMN private.action_registry.success_status IS 'HTTP status of its success.';
REVOKE ALL ON TABLE private.action_registry FROM PUBLIC, anon, authenticated, service_role;
