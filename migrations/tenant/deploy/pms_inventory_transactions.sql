-- Deploy part_lens_tenant:pms_inventory_transactions to pg
-- requires: domains
-- requires: signatures
-- requires: pms_part_usage

BEGIN;

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
COMMENT ON COLUMN public.pms_inventory_transactions.reverses_a_reversal IS
    'false in a reversal, NULL otherwise: what its foreign key must find.';
REVOKE ALL ON TABLE public.pms_inventory_transactions FROM PUBLIC, anon, authenticated, service_role;

-- private.complete_movement: whoever inserts into the ledger gives stock, change and type; this fills
-- the rest while it holds the stock row, so that every path into the ledger is safe, a plain INSERT
-- too. It refuses supplied values that differ from what it would have filled in.
--
-- It runs with the rights of who inserts: who cannot see or lock the stock cannot move it.
-- Lock and look in two statements: the second has a snapshot from after the lock.

CREATE FUNCTION private.complete_movement()
    RETURNS trigger
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_stock  record;
    v_newest record;
    v_seq    integer;
    v_before integer;
    v_now    timestamptz;
BEGIN
    SELECT s.part_is_active, s.location_is_active
    INTO v_stock
    FROM public.pms_inventory_stock AS s
    WHERE s.yacht_id = NEW.yacht_id
      AND s.stock_id = NEW.stock_id
    FOR UPDATE;

    IF NOT FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'foreign_key_violation', MESSAGE = 'stock_not_found',
            CONSTRAINT = 'movement_is_of_a_stock_of_its_yacht';
    ELSIF NOT v_stock.part_is_active THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'part_deactivated';
    ELSIF NOT v_stock.location_is_active THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'location_deactivated';
    END IF;

    SELECT t.seq, t.on_hand_after, t.recorded_at
    INTO v_newest
    FROM public.pms_inventory_transactions AS t
    WHERE t.yacht_id = NEW.yacht_id
      AND t.stock_id = NEW.stock_id
    ORDER BY t.seq DESC
    LIMIT 1;

    v_seq := coalesce(v_newest.seq, 0) + 1;
    v_before := coalesce(v_newest.on_hand_after, 0);
    v_now := greatest(clock_timestamp(), v_newest.recorded_at);
    IF NEW.seq <> v_seq
       OR NEW.on_hand_before <> v_before
       OR NEW.on_hand_after <> v_before::bigint + NEW.quantity_change
       OR NEW.recorded_at < v_newest.recorded_at
       OR NEW.recorded_at > v_now
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation',
            MESSAGE = 'movement_does_not_follow',
            DETAIL  = format('the next movement of this stock has seq %s and on_hand_before %s',
                             v_seq, v_before),
            HINT    = 'Leave seq, on_hand_before, on_hand_after and recorded_at to the database.';
    ELSIF (NEW.counterpart_id IS NOT NULL)
          <> (NEW.transaction_type IN ('transferred_out', 'transferred_in')) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation', MESSAGE = 'transfer_has_two_legs',
            DETAIL  = 'a leg of a transfer, and nothing else, names its counterpart';
    ELSIF NEW.usage_id IS NOT NULL AND NEW.transaction_type <> 'consumed' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'check_violation', MESSAGE = 'only_consumption_is_used_for_something';
    ELSIF NEW.reverses_transaction_id IS NOT NULL THEN
        PERFORM t.transaction_id
        FROM public.pms_inventory_transactions AS t
        WHERE t.yacht_id = NEW.yacht_id
          AND t.transaction_id = NEW.reverses_transaction_id
          AND t.stock_id = NEW.stock_id
          AND t.quantity_change = -NEW.quantity_change
          AND NOT t.is_reversal;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING
                ERRCODE = 'check_violation', MESSAGE = 'reversal_does_not_undo',
                DETAIL  = 'a reversal has the opposite change of a movement of its stock';
        END IF;
    END IF;

    NEW.seq := v_seq;
    NEW.on_hand_before := v_before;
    NEW.on_hand_after := v_before + NEW.quantity_change;
    NEW.recorded_at := coalesce(NEW.recorded_at, v_now);
    NEW.occurred_at := coalesce(NEW.occurred_at, NEW.recorded_at);
    UPDATE public.pms_inventory_stock AS s
    SET quantity = NEW.on_hand_after,
        newest_seq = NEW.seq
    WHERE s.yacht_id = NEW.yacht_id
      AND s.stock_id = NEW.stock_id;
    RETURN NEW;
END
$function$;

ALTER FUNCTION private.complete_movement() OWNER TO pms_rpc;
COMMENT ON FUNCTION private.complete_movement() IS
    'Trigger: numbers and balances a movement under the lock of its stock.';
REVOKE ALL ON FUNCTION private.complete_movement() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION private.complete_movement() TO pms_owner;

-- The ledger's triggers. ENABLE ALWAYS: an ordinary trigger does not fire under
-- session_replication_role = replica.

CREATE TRIGGER t10_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON public.pms_inventory_transactions
    FOR EACH STATEMENT
    EXECUTE FUNCTION private.refuse_change();
ALTER TABLE public.pms_inventory_transactions ENABLE ALWAYS TRIGGER t10_append_only;

CREATE TRIGGER t20_complete_movement
    BEFORE INSERT ON public.pms_inventory_transactions
    FOR EACH ROW
    EXECUTE FUNCTION private.complete_movement();
ALTER TABLE public.pms_inventory_transactions ENABLE ALWAYS TRIGGER t20_complete_movement;

-- pms_inventory_transactions: people read the ledger of their yachts; writes go through RPC only, each type by
-- the roles that the action registry gives it.

ALTER TABLE public.pms_inventory_transactions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.pms_inventory_transactions FORCE ROW LEVEL SECURITY;

-- A person sees the movements of their yachts.
CREATE POLICY select_people ON public.pms_inventory_transactions
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (yacht_id = ANY ((SELECT private.my_yachts())::uuid[]));

-- An RPC sees the movements of the yacht that its gate opened.
CREATE POLICY select_rpc ON public.pms_inventory_transactions
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- A movement is the caller's own, of a type that an action of their role may write.
CREATE POLICY insert_rpc ON public.pms_inventory_transactions
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (actor_id = auth.uid()
        AND EXISTS (
            SELECT
            FROM private.action_registry AS a
            JOIN private.my_roles AS m ON m.role = ANY (a.roles)
            WHERE pms_inventory_transactions.transaction_type = ANY (a.transaction_types)
              AND m.yacht_id = pms_inventory_transactions.yacht_id
        ));

-- No UPDATE, DELETE or TRUNCATE for anybody: append-only.
GRANT SELECT ON TABLE public.pms_inventory_transactions TO authenticated;
GRANT SELECT, INSERT ON TABLE public.pms_inventory_transactions TO pms_rpc;

COMMIT;
