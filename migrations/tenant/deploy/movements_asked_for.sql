-- Deploy part_lens_tenant:movements_asked_for to pg
-- requires: stock_primitives
-- requires: deliveries_of_items

BEGIN;

-- private.complete_movement: whoever inserts into the ledger gives stock, change and type; this fills
-- the rest while it holds the stock row, so that every path into the ledger is safe, a plain INSERT
-- too. It refuses supplied values that differ from what it would have filled in.
--
-- An RPC wants an answer and not an error: a negative seq asks for a movement, -n for seq n and no other,
-- the least integer for whatever is next. What cannot be is then left out of the INSERT, and
-- private.append_movement finds out why.
--
-- It runs with the rights of who inserts: who cannot see or lock the stock cannot move it.
-- Lock and look in two statements: the second has a snapshot from after the lock. The first moves the
-- cache as if it were right, which it nearly always is; what counts is the newest movement.

CREATE OR REPLACE FUNCTION private.complete_movement()
    RETURNS trigger
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_asks               boolean := coalesce(NEW.seq < 0, false);
    v_part_is_active     boolean;
    v_location_is_active boolean;
    v_seq                integer;
    v_after              integer;
    v_newest_seq         integer;
    v_before             integer;
    v_newest_at          timestamptz;
    v_now                timestamptz;
    v_wrong              text;
BEGIN
    UPDATE public.pms_inventory_stock AS s
    SET quantity = s.quantity + NEW.quantity_change,
        newest_seq = s.newest_seq + 1
    WHERE s.yacht_id = NEW.yacht_id
      AND s.stock_id = NEW.stock_id
      AND s.part_is_active
      AND s.location_is_active
      AND s.quantity::bigint + NEW.quantity_change BETWEEN 0 AND 2147483647
    RETURNING s.newest_seq, s.quantity, s.part_is_active, s.location_is_active
    INTO v_seq, v_after, v_part_is_active, v_location_is_active;
    IF NOT FOUND THEN
        SELECT s.part_is_active, s.location_is_active
        INTO v_part_is_active, v_location_is_active
        FROM public.pms_inventory_stock AS s
        WHERE s.yacht_id = NEW.yacht_id
          AND s.stock_id = NEW.stock_id
        FOR UPDATE;
    END IF;

    SELECT t.seq, t.on_hand_after, t.recorded_at, greatest(clock_timestamp(), t.recorded_at)
    INTO v_newest_seq, v_before, v_newest_at, v_now
    FROM public.pms_inventory_transactions AS t
    WHERE t.yacht_id = NEW.yacht_id
      AND t.stock_id = NEW.stock_id
    ORDER BY t.seq DESC
    LIMIT 1;
    IF NOT FOUND THEN
        v_newest_seq := 0;
        v_before := 0;
        v_now := clock_timestamp();
    END IF;

    IF v_seq IS DISTINCT FROM v_newest_seq + 1
       OR v_after <> v_before::bigint + NEW.quantity_change
       OR v_asks AND NEW.seq NOT IN ('-2147483648', -v_seq)
    THEN
        v_wrong := CASE
            WHEN v_part_is_active IS NULL THEN 'stock_not_found'
            WHEN NOT v_part_is_active THEN 'part_deactivated'
            WHEN NOT v_location_is_active THEN 'location_deactivated'
        END;
        IF v_asks AND (
            v_wrong IS NOT NULL
            OR NEW.seq NOT IN ('-2147483648', -1 - v_newest_seq)
            OR v_before::bigint + NEW.quantity_change NOT BETWEEN 0 AND 2147483647)
        THEN
            -- The cache follows the newest movement, which stays what it was.
            UPDATE public.pms_inventory_stock AS s
            SET quantity = v_before,
                newest_seq = v_newest_seq
            WHERE s.yacht_id = NEW.yacht_id
              AND s.stock_id = NEW.stock_id
              AND v_seq IS NOT NULL;
            RETURN NULL;
        ELSIF v_wrong = 'stock_not_found' THEN
            RAISE EXCEPTION USING
                ERRCODE = 'foreign_key_violation', MESSAGE = v_wrong,
                CONSTRAINT = 'movement_is_of_a_stock_of_its_yacht';
        ELSIF v_wrong IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = v_wrong;
        END IF;
        v_seq := v_newest_seq + 1;
        v_after := v_before + NEW.quantity_change;
        UPDATE public.pms_inventory_stock AS s
        SET quantity = v_after,
            newest_seq = v_seq
        WHERE s.yacht_id = NEW.yacht_id
          AND s.stock_id = NEW.stock_id;
    END IF;

    IF NOT v_asks AND NEW.seq <> v_seq
       OR NEW.on_hand_before <> v_before
       OR NEW.on_hand_after <> v_after
       OR NEW.recorded_at < v_newest_at
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
    NEW.on_hand_after := v_after;
    NEW.recorded_at := coalesce(NEW.recorded_at, v_now);
    NEW.occurred_at := coalesce(NEW.occurred_at, NEW.recorded_at);
    RETURN NEW;
END
$function$;

-- private.append_movement: the one way by which RPCs write to the ledger. Asks for a movement
-- (private.complete_movement locks the stock and looks), and says why where there is none.
-- deduct_ and add_stock_inventory are its two faces.

CREATE OR REPLACE FUNCTION private.append_movement(
    p_call             private.rpc_call,
    p_stock_id         uuid,
    p_transaction_type text,
    p_quantity_change  integer,
    p_transaction_id   uuid,
    p_link_id          uuid,
    OUT success         boolean,
    OUT quantity_before integer,
    OUT quantity_after  integer,
    OUT error_code      text
)
    RETURNS record
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_part_is_active     boolean;
    v_location_is_active boolean;
    v_seq                integer;
BEGIN
    INSERT INTO public.pms_inventory_transactions AS t
        (yacht_id, transaction_id, stock_id, seq, quantity_change, transaction_type, occurred_at,
         actor_id, actor_role, idempotency_key, counterpart_id, usage_id, reverses_transaction_id,
         signature, signature_id, reason, notes, metadata, item_id)
    VALUES
        (p_call.yacht_id, p_transaction_id, p_stock_id,
         -- Asks for the one after the expected, which may be the greatest integer; or for any.
         CASE
             WHEN p_call.expected_seq IS NULL THEN '-2147483648'
             ELSE greatest(-1 - p_call.expected_seq, -2147483647)
         END,
         p_quantity_change, p_transaction_type, p_call.occurred_at, p_call.actor_id, p_call.role,
         p_call.idempotency_key,
         CASE WHEN p_transaction_type IN ('transferred_out', 'transferred_in') THEN p_link_id END,
         CASE WHEN p_transaction_type = 'consumed' THEN p_link_id END,
         CASE WHEN p_transaction_type = 'reversed' THEN p_link_id END,
         coalesce(p_call.signature, '{}'), p_call.signature_id, p_call.reason, p_call.notes,
         coalesce(p_call.metadata, '{}'),
         CASE WHEN p_transaction_type = 'received' THEN p_link_id END)
    RETURNING true, t.on_hand_before, t.on_hand_after
    INTO success, quantity_before, quantity_after;
    IF success THEN
        RETURN;
    END IF;

    -- Lock and look in two statements: the second has a snapshot from after the lock.
    success := false;
    SELECT s.part_is_active, s.location_is_active
    INTO v_part_is_active, v_location_is_active
    FROM public.pms_inventory_stock AS s
    WHERE s.yacht_id = p_call.yacht_id
      AND s.stock_id = p_stock_id
    FOR UPDATE;
    IF NOT FOUND THEN
        error_code := 'stock_not_found';
        RETURN;
    END IF;
    SELECT t.seq, t.on_hand_after
    INTO v_seq, quantity_before
    FROM public.pms_inventory_transactions AS t
    WHERE t.yacht_id = p_call.yacht_id
      AND t.stock_id = p_stock_id
    ORDER BY t.seq DESC
    LIMIT 1;
    quantity_before := coalesce(quantity_before, 0);
    quantity_after := quantity_before;
    error_code := CASE
        WHEN NOT v_part_is_active THEN 'part_deactivated'
        WHEN NOT v_location_is_active THEN 'location_deactivated'
        WHEN p_call.expected_seq <> coalesce(v_seq, 0) THEN 'stale_count'
        WHEN quantity_before + p_quantity_change::bigint < 0 THEN 'insufficient_stock'
        WHEN quantity_before + p_quantity_change::bigint > 2147483647 THEN 'invalid_quantity'
        -- It was opened since.
        ELSE 'stock_not_found'
    END;
END
$function$;

COMMIT;
