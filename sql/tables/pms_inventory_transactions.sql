-- pms_inventory_transactions: the ledger. A movement stands on the one before it on its stock: the
-- foreign key `movement_follows_the_one_before` ties (stock, seq - 1, on_hand_before) to the previous
-- movement's (stock, seq, on_hand_after), the first begins at 0, and each adds its change. So
-- on_hand = SUM(quantity_change) cannot be broken while the constraints stand, and the newest movement
-- says what is on hand.
--
-- Each INSERT pays for each CHECK and index here. What depends on the type alone stands in one CHECK;
-- times need no index, because recorded_at rises with seq (private.seq_at).

CREATE TABLE public.pms_inventory_transactions (
    yacht_id                uuid        NOT NULL,
    transaction_id          uuid        NOT NULL DEFAULT private.uuid_v7(),
    stock_id                uuid        NOT NULL,
    seq                     integer     NOT NULL,
    prev_seq                integer     GENERATED ALWAYS AS (nullif(seq - 1, 0)) STORED,
    on_hand_before          integer     NOT NULL,
    quantity_change         integer     NOT NULL,
    on_hand_after           integer     NOT NULL,
    transaction_type        text        NOT NULL,
    recorded_at             timestamptz NOT NULL,
    occurred_at             timestamptz NOT NULL,
    actor_id                uuid,
    actor_role              text,
    idempotency_key         text,
    counterpart_id          uuid,
    usage_id                uuid,
    reverses_transaction_id uuid,
    is_reversal             boolean     NOT NULL
        GENERATED ALWAYS AS (reverses_transaction_id IS NOT NULL) STORED,
    -- What a reversal must find in the movement that it undoes: that it is none itself.
    reverses_a_reversal     boolean
        GENERATED ALWAYS AS (CASE WHEN reverses_transaction_id IS NOT NULL THEN false END) STORED,
    signature               private.signature_proof,
    signature_id            uuid,
    reason                  text,
    notes                   text,
    metadata                jsonb       NOT NULL DEFAULT '{}',
    item_id                 uuid,

    CONSTRAINT pms_inventory_transactions_pkey PRIMARY KEY (yacht_id, transaction_id),
    CONSTRAINT movement_as_its_reversal_sees_it
        UNIQUE (yacht_id, transaction_id, stock_id, is_reversal),
    CONSTRAINT movement_as_the_next_one_sees_it UNIQUE (yacht_id, stock_id, seq, on_hand_after),
    -- With the foreign key below: no gap in seq, and no seq twice.
    CONSTRAINT movement_has_one_successor
        UNIQUE NULLS NOT DISTINCT (yacht_id, stock_id, prev_seq),

    CONSTRAINT seq_begins_at_1 CHECK (seq >= 1),
    CONSTRAINT stock_begins_at_0 CHECK (seq > 1 OR on_hand_before = 0),
    CONSTRAINT change_is_not_0 CHECK (quantity_change <> 0),
    CONSTRAINT after_is_before_and_change CHECK (on_hand_after = on_hand_before + quantity_change),
    CONSTRAINT on_hand_is_never_negative CHECK (on_hand_after >= 0),
    CONSTRAINT movement_follows_the_one_before
        FOREIGN KEY (yacht_id, stock_id, prev_seq, on_hand_before)
        REFERENCES public.pms_inventory_transactions (yacht_id, stock_id, seq, on_hand_after)
        ON DELETE RESTRICT,
    CONSTRAINT movement_is_of_a_stock_of_its_yacht FOREIGN KEY (yacht_id, stock_id)
        REFERENCES public.pms_inventory_stock (yacht_id, stock_id) ON DELETE RESTRICT,

    CONSTRAINT transaction_type_is_known_and_has_its_sign CHECK (
        CASE
            WHEN quantity_change > 0 THEN transaction_type IN (
                'opening', 'received', 'transferred_in', 'adjusted', 'reversed')
            ELSE transaction_type IN (
                'consumed', 'transferred_out', 'adjusted', 'write_off', 'reversed')
        END),
    CONSTRAINT opening_is_the_first CHECK (seq = 1 OR transaction_type <> 'opening'),
    CONSTRAINT it_happened_before_it_was_recorded CHECK (
        occurred_at <= recorded_at + interval '2 minutes'),

    CONSTRAINT reversal_names_what_it_reverses CHECK (
        (transaction_type = 'reversed') = is_reversal),
    CONSTRAINT reversal_undoes_a_movement_of_its_stock
        FOREIGN KEY (yacht_id, reverses_transaction_id, stock_id, reverses_a_reversal)
        REFERENCES public.pms_inventory_transactions
            (yacht_id, transaction_id, stock_id, is_reversal)
        ON DELETE RESTRICT,
    CONSTRAINT usage_is_of_this_change FOREIGN KEY (yacht_id, usage_id, quantity_change)
        REFERENCES public.pms_part_usage (yacht_id, usage_id, quantity_change) ON DELETE RESTRICT
        -- The movement comes first: a refused one must not leave a usage behind.
        DEFERRABLE INITIALLY DEFERRED,

    CONSTRAINT only_deliveries_are_of_an_item CHECK (
        item_id IS NULL OR transaction_type = 'received'),
    CONSTRAINT delivery_is_of_an_item_of_its_yacht FOREIGN KEY (yacht_id, item_id)
        REFERENCES public.pms_shopping_list_items (yacht_id, item_id) ON DELETE RESTRICT,

    CONSTRAINT signed_types_are_signed CHECK (
        signature_id IS NOT NULL OR transaction_type NOT IN ('adjusted', 'write_off', 'reversed')),
    CONSTRAINT signature_has_its_proof CHECK ((signature_id IS NULL) = (signature::jsonb = '{}')),
    CONSTRAINT signature_was_accepted_on_its_yacht FOREIGN KEY (yacht_id, signature_id)
        REFERENCES private.signatures (yacht_id, signature_id) ON DELETE RESTRICT
);

-- A movement is reversed once; also serves the foreign key.
CREATE UNIQUE INDEX movement_is_reversed_once
    ON public.pms_inventory_transactions (yacht_id, reverses_transaction_id)
    WHERE reverses_transaction_id IS NOT NULL;
-- A usage has one movement; also serves the foreign key.
CREATE UNIQUE INDEX usage_has_one_movement
    ON public.pms_inventory_transactions (yacht_id, usage_id)
    WHERE usage_id IS NOT NULL;
-- Serves the foreign key: what one signature signed.
CREATE INDEX pms_inventory_transactions_by_signature
    ON public.pms_inventory_transactions (yacht_id, signature_id)
    WHERE signature_id IS NOT NULL;

-- Serves the foreign key: the deliveries of an item.
CREATE INDEX pms_inventory_transactions_by_item
    ON public.pms_inventory_transactions (yacht_id, item_id)
    WHERE item_id IS NOT NULL;

ALTER TABLE public.pms_inventory_transactions OWNER TO pms_owner;
COMMENT ON TABLE public.pms_inventory_transactions IS
    'The ledger: movements of a stock. Append-only; a mistake is undone by a reversal.';
COMMENT ON COLUMN public.pms_inventory_transactions.seq IS '1, 2, 3 … per stock, without gaps.';
COMMENT ON COLUMN public.pms_inventory_transactions.prev_seq IS 'seq - 1; NULL for the first.';
COMMENT ON COLUMN public.pms_inventory_transactions.quantity_change IS 'Units; negative takes out.';
COMMENT ON COLUMN public.pms_inventory_transactions.recorded_at IS
    'When it was written; never earlier than the movement before it on the stock.';
COMMENT ON COLUMN public.pms_inventory_transactions.occurred_at IS
    'When it happened on board; at most 2 minutes after recorded_at.';
COMMENT ON COLUMN public.pms_inventory_transactions.actor_id IS 'Who did it; NULL: no person.';
COMMENT ON COLUMN public.pms_inventory_transactions.actor_role IS 'The role that allowed it.';
COMMENT ON COLUMN public.pms_inventory_transactions.counterpart_id IS
    'In a transfer: the other leg''s transaction_id.';
COMMENT ON COLUMN public.pms_inventory_transactions.signature IS
    'What proves that it was signed, never a secret; {} when unsigned.';
COMMENT ON COLUMN public.pms_inventory_transactions.item_id IS
    'Item of the shopping list that was delivered.';
COMMENT ON COLUMN public.pms_inventory_transactions.reverses_a_reversal IS
    'false in a reversal, NULL otherwise: what its foreign key must find.';
REVOKE ALL ON TABLE public.pms_inventory_transactions FROM PUBLIC, anon, authenticated, service_role;
