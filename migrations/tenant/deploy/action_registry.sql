-- Deploy part_lens_tenant:action_registry to pg
-- requires: schemas

BEGIN;

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

-- The actions and their roles.

WITH crew (roles) AS (
    VALUES (ARRAY['crew', 'deckhand', 'steward', 'engineer', 'eto', 'chief_engineer',
                  'chief_officer', 'chief_steward', 'purser', 'captain', 'manager'])
),
hod (roles) AS (
    VALUES (ARRAY['eto', 'chief_engineer', 'chief_officer', 'chief_steward', 'purser', 'captain',
                  'manager'])
),
count (roles) AS (
    VALUES (ARRAY['chief_engineer', 'captain', 'manager'])
)
INSERT INTO private.action_registry
    (action, lens, description, roles, is_write, is_signed, required_arguments, transaction_types,
     success_status)
SELECT
    a.action,
    a.lens,
    a.description,
    CASE a.audience
        WHEN 'crew' THEN crew.roles
        WHEN 'hod' THEN hod.roles
        WHEN 'count' THEN count.roles
    END,
    a.is_write,
    a.is_signed,
    a.required_arguments::text[],
    a.transaction_types::text[],
    a.success_status
FROM crew, hod, count, (VALUES
    ('view_part_details', 'part', 'See a part with its stock', 'crew', false, false,
        '{p_part_id}', '{}', 200),
    ('search_parts', 'part', 'Find parts', 'crew', false, false, '{p_query}', '{}', 200),
    ('low_stock_parts', 'part', 'See what is below its minimum', 'crew', false, false, '{}', '{}', 200),
    ('action_list', 'part', 'See what one may do', 'crew', false, false, '{}', '{}', 200),
    ('stock_history', 'stock', 'See the movements of a part or of a stock', 'crew', false, false,
        '{}', '{}', 200),
    ('on_hand_as_of', 'stock', 'See what was in stock at a time', 'crew', false, false,
        '{p_part_id,p_at}', '{}', 200),
    ('consume_part', 'stock', 'Take parts out of stock', 'crew', true, false,
        '{p_part_id,p_quantity}', '{consumed}', 200),
    ('transfer_part', 'stock', 'Move parts from one location to another', 'crew', true, false,
        '{p_part_id,p_from_location_id,p_to_location_id,p_quantity}',
        '{transferred_out,transferred_in}', 200),
    ('write_off_part', 'stock', 'Write off parts that are lost or unfit', 'crew', true, true,
        '{p_part_id,p_quantity,p_reason}', '{write_off}', 200),
    ('receive_part', 'stock', 'Put delivered parts into stock', 'hod', true, false,
        '{p_part_id,p_quantity}', '{received}', 201),
    ('adjust_stock_quantity', 'stock', 'Correct a stock to what was counted', 'count', true, true,
        '{p_part_id,p_counted_quantity,p_reason}', '{adjusted}', 200),
    ('reverse_transaction', 'stock', 'Undo a movement', 'hod', true, true,
        '{p_transaction_id,p_reason}', '{reversed}', 201),
    ('create_part', 'part', 'Add a part to the catalogue', 'hod', true, false,
        '{p_part_number,p_name}', '{opening}', 201),
    ('update_part', 'part', 'Change a part of the catalogue', 'hod', true, false,
        '{p_part_id,p_changes}', '{}', 200),
    ('create_location', 'location', 'Add a location', 'hod', true, false,
        '{p_name}', '{}', 201),
    ('update_location', 'location', 'Rename or move a location', 'hod', true, false,
        '{p_location_id,p_changes}', '{}', 200),
    ('import_parts', 'part', 'Add and change many parts at once', 'hod', true, false,
        '{p_rows}', '{opening}', 200)
) AS a (action, lens, description, audience, is_write, is_signed, required_arguments,
        transaction_types, success_status);

-- action_registry: read by pms_rpc; written by migrations alone.

ALTER TABLE private.action_registry ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.action_registry FORCE ROW LEVEL SECURITY;

-- The registry is the same for everybody.
CREATE POLICY select_rpc ON private.action_registry
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

GRANT SELECT ON TABLE private.action_registry TO pms_rpc;

COMMIT;
