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

CREATE FUNCTION private.complete_movement()
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

ALTER FUNCTION private.complete_movement() OWNER TO pms_rpc;
COMMENT ON FUNCTION private.complete_movement() IS
    'Trigger: numbers and balances a movement under the lock of its stock.';
REVOKE ALL ON FUNCTION private.complete_movement() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION private.complete_movement() TO pms_owner;
