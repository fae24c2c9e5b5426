-- adjust_stock_quantities: correct many stocks to what was counted, under one signature: all or none.
--
-- Called by  chief engineer, captain, manager.
-- Refuses    400 invalid_quantity, invalid_argument, signature_required, missing_idempotency_key;
--            403 not_on_yacht, role_not_allowed, invalid_signature, signature_not_enrolled; 404
--            feature_disabled, part_not_found, stock_not_found; 409 part_deactivated,
--            location_deactivated, stale_count, signing_key_missing, duplicate_idempotency_key,
--            idempotency_key_reused; 423 signature_locked; 429 signature_busy.
-- Order      gate, presence, key, signature, lock, check, append, answer: the same in every RPC.

CREATE OR REPLACE FUNCTION public.adjust_stock_quantities(
    p_yacht_id        uuid,
    p_counts          jsonb       DEFAULT NULL,
    p_reason          text        DEFAULT NULL,
    p_idempotency_key text        DEFAULT NULL,
    p_signature       jsonb       DEFAULT NULL,
    p_occurred_at     timestamptz DEFAULT NULL,
    p_notes           text        DEFAULT NULL
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
        'p_counts', p_counts, 'p_reason', p_reason,
        'p_occurred_at', p_occurred_at AT TIME ZONE 'UTC', 'p_notes', p_notes);
    v_signed    jsonb;
    v_line      record;
    v_seen      uuid[] := ARRAY[]::uuid[];
    v_movement  record;
    v_error     text;
    v_results   jsonb := '[]'::jsonb;
BEGIN
    v_call := private.open_call(
        'adjust_stock_quantities', p_yacht_id, v_arguments, p_idempotency_key,
        coalesce(private.counts_error(p_counts), private.signing_error(p_signature, p_reason)));
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;
    v_call := private.sign_call(v_call, p_signature, v_arguments);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;
    -- The whole count once, in the audit row; each movement refers to it.
    v_signed := v_call.metadata;
    v_call.metadata := jsonb_build_object('audit_id', v_call.call_id);

    BEGIN
        -- In the order of the stocks, so that two counts do not wait for each other.
        FOR v_line IN
            SELECT
                (c.value ->> 'part_id')::uuid AS part_id,
                coalesce(s.stock_id, (c.value ->> 'stock_id')::uuid) AS stock_id,
                s.error_code,
                (c.value ->> 'counted_quantity')::integer AS counted,
                (c.value ->> 'expected_seq')::integer AS expected_seq
            FROM jsonb_array_elements(p_counts) AS c (value)
            CROSS JOIN LATERAL private.resolve_stock(
                p_yacht_id, (c.value ->> 'part_id')::uuid, (c.value ->> 'stock_id')::uuid) AS s
            ORDER BY 2
        LOOP
            v_call.expected_seq := v_line.expected_seq;
            v_error := v_line.error_code;
            IF v_error IS NULL AND v_line.stock_id = ANY (v_seen) THEN
                v_error := 'invalid_argument';
            ELSIF v_error IS NULL THEN
                v_movement := private.adjust_stock(
                    v_call, v_line.stock_id, v_line.counted, private.uuid_v7());
                v_error := v_movement.error_code;
            END IF;
            IF v_error IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'PL001';
            END IF;
            v_seen := v_seen || v_line.stock_id;
            v_results := v_results || jsonb_build_object(
                'transaction_id', v_movement.transaction_id, 'part_id', v_line.part_id,
                'stock_id', v_line.stock_id, 'quantity_before', v_movement.quantity_before,
                'quantity_after', v_movement.quantity_after);
        END LOOP;
    EXCEPTION WHEN SQLSTATE 'PL001' THEN
        -- Undone with it: what was adjusted before it.
        IF v_error = 'invalid_argument' THEN
            RETURN private.refuse_argument(v_call, 'p_counts', 'has a stock twice');
        END IF;
        RETURN private.refuse_movement(
            v_call, v_error, v_line.part_id, v_line.stock_id, v_line.counted);
    END;

    RETURN private.answer(v_call, jsonb_build_object(
        'success', true, 'action', v_call.action, 'counted', jsonb_array_length(p_counts),
        'adjusted', (
            SELECT count(*)
            FROM jsonb_array_elements(v_results) AS r (value)
            WHERE r.value ->> 'transaction_id' IS NOT NULL),
        'results', v_results), 'yacht', p_yacht_id, v_signed);
END
$function$;

ALTER FUNCTION public.adjust_stock_quantities(
    uuid, jsonb, text, text, jsonb, timestamptz, text)
    OWNER TO pms_rpc;
COMMENT ON FUNCTION public.adjust_stock_quantities(
    uuid, jsonb, text, text, jsonb, timestamptz, text) IS
'Corrects many stocks to what was counted, all or none, under one signature.
transaction_id is null where the count confirms what is on record.

p_yacht_id: the yacht.
p_counts: 1 to 1000 objects with part_id and counted_quantity (units, 0 to 1,000,000), and any of stock_id and expected_seq.
p_reason: any text, 1 to 2000 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_signature: {"pin": "…", "totp": "…"}, both texts.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.

Requires p_counts, p_reason, p_idempotency_key, p_signature
Answers 200 {"success": "boolean", "action": "text", "counted": "integer", "adjusted": "integer", "results": [{"transaction_id": "uuid?", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer"}]}
Refuses 400 invalid_quantity, invalid_argument, signature_required, missing_idempotency_key; 403 not_on_yacht, role_not_allowed, invalid_signature, signature_not_enrolled; 404 feature_disabled, part_not_found, stock_not_found; 409 part_deactivated, location_deactivated, stale_count, signing_key_missing, duplicate_idempotency_key, idempotency_key_reused; 423 signature_locked; 429 signature_busy';
REVOKE ALL ON FUNCTION public.adjust_stock_quantities(
    uuid, jsonb, text, text, jsonb, timestamptz, text)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.adjust_stock_quantities(
    uuid, jsonb, text, text, jsonb, timestamptz, text) TO authenticated;
