-- Deploy part_lens_tenant:reversal_by_key to pg
-- requires: reversed_deliveries

BEGIN;

-- private.reversal_error: why the caller cannot reverse a movement. It locks the stocks of the movement,
-- of a transfer both, in the order of their ids, so that what it finds stays true.

CREATE OR REPLACE FUNCTION private.reversal_error(
    p_yacht_id       uuid,
    p_transaction_id uuid
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_type text;
BEGIN
    PERFORM s.stock_id
    FROM public.pms_inventory_stock AS s
    WHERE s.yacht_id = p_yacht_id
      AND s.stock_id IN (
          SELECT t.stock_id
          FROM public.pms_inventory_transactions AS t
          WHERE t.yacht_id = p_yacht_id
            -- By its key: of counterparts there is no index.
            AND t.transaction_id IN (p_transaction_id, (
                SELECT o.counterpart_id
                FROM public.pms_inventory_transactions AS o
                WHERE o.yacht_id = p_yacht_id
                  AND o.transaction_id = p_transaction_id))
            AND p_transaction_id IN (t.transaction_id, t.counterpart_id))
    ORDER BY s.stock_id
    FOR UPDATE;

    SELECT t.transaction_type
    INTO v_type
    FROM public.pms_inventory_transactions AS t
    WHERE t.yacht_id = p_yacht_id
      AND t.transaction_id = p_transaction_id;
    RETURN CASE
        WHEN v_type IS NULL THEN 'transaction_not_found'
        WHEN v_type = 'reversed' THEN 'not_reversible'
        WHEN NOT EXISTS (
            SELECT
            FROM private.action_registry AS a
            JOIN private.my_roles AS m ON m.role = ANY (a.roles)
            WHERE m.yacht_id = p_yacht_id
              AND v_type = ANY (a.transaction_types)
        ) THEN 'role_not_allowed'
        WHEN EXISTS (
            SELECT
            FROM public.pms_inventory_transactions AS r
            WHERE r.yacht_id = p_yacht_id
              AND r.reverses_transaction_id = p_transaction_id
        ) THEN 'already_reversed'
    END;
END
$function$;

-- reverse_transaction: undo a movement, and of a transfer both legs. Signed. What a delivery of the
-- shopping list brought is on order again.
--
-- Called by  heads of department, captain, manager; and only with a role that could have made the
--            original.
-- Refuses    400 invalid_argument, signature_required, missing_idempotency_key; 403 not_on_yacht,
--            role_not_allowed, invalid_signature, signature_not_enrolled; 404 feature_disabled,
--            transaction_not_found; 409 already_reversed, not_reversible, insufficient_stock,
--            part_deactivated, location_deactivated, stale_count, signing_key_missing,
--            duplicate_idempotency_key, idempotency_key_reused; 423 signature_locked; 429
--            signature_busy.
-- Order      gate, presence, key, signature, lock, check, append, answer: the same in every RPC.

CREATE OR REPLACE FUNCTION public.reverse_transaction(
    p_yacht_id        uuid,
    p_transaction_id  uuid        DEFAULT NULL,
    p_reason          text        DEFAULT NULL,
    p_idempotency_key text        DEFAULT NULL,
    p_signature       jsonb       DEFAULT NULL,
    p_occurred_at     timestamptz DEFAULT NULL,
    p_notes           text        DEFAULT NULL,
    p_expected_seq    integer     DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call      private.rpc_call;
    v_arguments jsonb := jsonb_build_object(
        'p_transaction_id', p_transaction_id, 'p_reason', p_reason,
        'p_occurred_at', p_occurred_at AT TIME ZONE 'UTC', 'p_notes', p_notes,
        'p_expected_seq', p_expected_seq);
    v_error     text;
    v_leg       record;
    v_movement  record;
    v_id        uuid;
    v_item_id   uuid;
    v_legs      jsonb := '[]'::jsonb;
BEGIN
    v_call := private.open_call(
        'reverse_transaction', p_yacht_id, v_arguments, p_idempotency_key,
        private.signing_error(p_signature, p_reason));
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;
    v_call := private.sign_call(v_call, p_signature, v_arguments);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    -- The item of a delivery is locked before its stock, as by who receives it.
    SELECT i.item_id
    INTO v_item_id
    FROM public.pms_inventory_transactions AS t
    JOIN public.pms_shopping_list_items AS i
        ON i.yacht_id = t.yacht_id
       AND i.item_id = t.item_id
    WHERE t.yacht_id = p_yacht_id
      AND t.transaction_id = p_transaction_id
    FOR UPDATE OF i;
    v_error := private.reversal_error(p_yacht_id, p_transaction_id);
    IF v_error IS NOT NULL THEN
        RETURN private.refuse(
            v_call, v_error,
            CASE v_error
                WHEN 'role_not_allowed' THEN jsonb_build_object('role', v_call.role)
                ELSE jsonb_build_object('transaction_id', p_transaction_id)
            END, 'transaction', p_transaction_id);
    END IF;

    BEGIN
        -- Of a transfer the source first, as it was made: the parts come back from the other.
        FOR v_leg IN
            SELECT t.transaction_id, t.stock_id, t.quantity_change, s.part_id
            FROM public.pms_inventory_transactions AS t
            JOIN public.pms_inventory_stock AS s
                ON s.yacht_id = t.yacht_id
               AND s.stock_id = t.stock_id
            WHERE t.yacht_id = p_yacht_id
              -- By its key: of counterparts there is no index.
              AND t.transaction_id IN (p_transaction_id, (
                  SELECT o.counterpart_id
                  FROM public.pms_inventory_transactions AS o
                  WHERE o.yacht_id = p_yacht_id
                    AND o.transaction_id = p_transaction_id))
              AND p_transaction_id IN (t.transaction_id, t.counterpart_id)
            ORDER BY t.quantity_change
        LOOP
            v_id := CASE v_legs WHEN '[]' THEN v_call.call_id ELSE private.uuid_v7() END;
            v_movement := private.move_stock(
                v_call, v_leg.stock_id, 'reversed', -v_leg.quantity_change, v_id,
                v_leg.transaction_id);
            IF v_movement.error_code IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'PL001';
            END IF;
            -- The seq was that of the first.
            v_call.expected_seq := NULL;
            v_legs := v_legs || jsonb_build_object(
                'transaction_id', v_id, 'reverses_transaction_id', v_leg.transaction_id,
                'part_id', v_leg.part_id, 'stock_id', v_leg.stock_id,
                'quantity_before', v_movement.quantity_before,
                'quantity_after', v_movement.quantity_after);
        END LOOP;
    EXCEPTION WHEN SQLSTATE 'PL001' THEN
        -- Undone with it: the first leg of a transfer.
        RETURN private.refuse_movement(
            v_call, v_movement.error_code, v_leg.part_id, v_leg.stock_id,
            abs(v_leg.quantity_change));
    END;
    IF v_item_id IS NOT NULL THEN
        PERFORM private.return_delivery(p_yacht_id, v_item_id);
    END IF;

    RETURN private.answer(
        v_call,
        v_legs -> 0
        || jsonb_build_object(
            'success', true, 'action', v_call.action,
            'on_hand', private.part_on_hand(p_yacht_id, v_leg.part_id))
        || CASE WHEN v_item_id IS NOT NULL THEN jsonb_build_object('item_id', v_item_id)
                ELSE '{}' END
        || CASE WHEN jsonb_array_length(v_legs) > 1 THEN jsonb_build_object('legs', v_legs)
                ELSE '{}' END,
        'transaction', p_transaction_id, v_call.metadata);
END
$function$;

COMMIT;
