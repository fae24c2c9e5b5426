-- write_off_part: take parts that are lost or unfit out of stock. Signed.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    400 invalid_quantity, invalid_argument, signature_required, missing_idempotency_key;
--            403 not_on_yacht, invalid_signature, signature_not_enrolled; 404 feature_disabled,
--            part_not_found, stock_not_found; 409 insufficient_stock, part_deactivated,
--            location_deactivated, stale_count, signing_key_missing, duplicate_idempotency_key,
--            idempotency_key_reused; 423 signature_locked; 429 signature_busy.
-- Order      gate, presence, key, signature, lock, check, append, answer: the same in every RPC.

CREATE OR REPLACE FUNCTION public.write_off_part(
    p_yacht_id        uuid,
    p_part_id         uuid        DEFAULT NULL,
    p_quantity        integer     DEFAULT NULL,
    p_reason          text        DEFAULT NULL,
    p_idempotency_key text        DEFAULT NULL,
    p_signature       jsonb       DEFAULT NULL,
    p_stock_id        uuid        DEFAULT NULL,
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
        'p_part_id', p_part_id, 'p_quantity', p_quantity, 'p_reason', p_reason,
        'p_stock_id', p_stock_id, 'p_occurred_at', p_occurred_at AT TIME ZONE 'UTC',
        'p_notes', p_notes, 'p_expected_seq', p_expected_seq);
    v_stock     record;
    v_movement  record;
BEGIN
    v_call := private.open_call(
        'write_off_part', p_yacht_id, v_arguments, p_idempotency_key,
        private.signing_error(p_signature, p_reason));
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;
    v_call := private.sign_call(v_call, p_signature, v_arguments);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    v_stock := private.resolve_stock(p_yacht_id, p_part_id, p_stock_id);
    IF v_stock.error_code IS NOT NULL THEN
        RETURN private.refuse_movement(
            v_call, v_stock.error_code, p_part_id, p_stock_id, p_quantity);
    END IF;
    SELECT m.quantity_before, m.quantity_after, m.error_code
    INTO v_movement
    FROM private.deduct_stock_inventory(
        v_stock.stock_id, p_quantity, p_yacht_id, 'write_off', v_call, v_call.call_id) AS m;
    IF v_movement.error_code IS NOT NULL THEN
        RETURN private.refuse_movement(
            v_call, v_movement.error_code, p_part_id, v_stock.stock_id, p_quantity);
    END IF;

    RETURN private.answer(v_call, jsonb_build_object(
        'success', true,
        'action', v_call.action,
        'transaction_id', v_call.call_id,
        'part_id', p_part_id,
        'stock_id', v_stock.stock_id,
        'quantity_before', v_movement.quantity_before,
        'quantity_after', v_movement.quantity_after,
        'on_hand', CASE
            WHEN v_stock.has_other_stocks THEN private.part_on_hand(p_yacht_id, p_part_id)
            ELSE v_movement.quantity_after
        END), 'part', p_part_id, v_call.metadata);
END
$function$;

ALTER FUNCTION public.write_off_part(
    uuid, uuid, integer, text, text, jsonb, uuid, timestamptz, text, integer)
    OWNER TO pms_rpc;
COMMENT ON FUNCTION public.write_off_part(
    uuid, uuid, integer, text, text, jsonb, uuid, timestamptz, text, integer) IS
'Takes parts that are lost or unfit out of stock. Signed.

p_yacht_id: the yacht.
p_part_id: the part.
p_quantity: units, 1 to 1,000,000.
p_reason: any text, 1 to 2000 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_signature: {"pin": "…", "totp": "…"}, both texts.
p_stock_id: which stock; without it the one at the primary location, or the only one.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.
p_expected_seq: the newest seq that the caller saw; refused with stale_count if the stock has moved since.

Requires p_part_id, p_quantity, p_reason, p_idempotency_key, p_signature
Answers 200 {"success": "boolean", "action": "text", "transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint"}
Refuses 400 invalid_quantity, invalid_argument, signature_required, missing_idempotency_key; 403 not_on_yacht, invalid_signature, signature_not_enrolled; 404 feature_disabled, part_not_found, stock_not_found; 409 insufficient_stock, part_deactivated, location_deactivated, stale_count, signing_key_missing, duplicate_idempotency_key, idempotency_key_reused; 423 signature_locked; 429 signature_busy';
REVOKE ALL ON FUNCTION public.write_off_part(
    uuid, uuid, integer, text, text, jsonb, uuid, timestamptz, text, integer)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.write_off_part(
    uuid, uuid, integer, text, text, jsonb, uuid, timestamptz, text, integer) TO authenticated;
