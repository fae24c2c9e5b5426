-- deactivate_part: take a part out of the catalogue; its history stays.
--
-- Called by  captain, manager.
-- Refuses    400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404
--            feature_disabled, part_not_found; 409 stock_not_empty, duplicate_idempotency_key,
--            idempotency_key_reused.
-- Order      gate, presence, key, lock, check, append, answer: the same in every RPC.
--
-- Who asks for what is so already is answered with success and "changed": false: of two who close a
-- part at once, both have what they want.

CREATE OR REPLACE FUNCTION public.deactivate_part(
    p_yacht_id        uuid,
    p_part_id         uuid DEFAULT NULL,
    p_reason          text DEFAULT NULL,
    p_idempotency_key text DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call       private.rpc_call;
    v_was_active boolean;
    v_on_hand    bigint;
BEGIN
    v_call := private.open_call(
        'deactivate_part', p_yacht_id,
        jsonb_build_object('p_part_id', p_part_id, 'p_reason', p_reason),
        p_idempotency_key,
        private.reason_error(p_reason));
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    -- The part keeps new stocks out, its stocks keep movements out; what came first is counted.
    SELECT p.is_active
    INTO v_was_active
    FROM public.pms_parts AS p
    WHERE p.yacht_id = p_yacht_id
      AND p.part_id = p_part_id
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN private.refuse(v_call, 'part_not_found', jsonb_build_object(
            'part_id', p_part_id), 'part', p_part_id);
    END IF;
    IF v_was_active THEN
        PERFORM s.stock_id
        FROM public.pms_inventory_stock AS s
        WHERE s.yacht_id = p_yacht_id
          AND s.part_id = p_part_id
        ORDER BY s.stock_id
        FOR UPDATE;
        v_on_hand := private.part_on_hand(p_yacht_id, p_part_id);
        IF v_on_hand > 0 THEN
            RETURN private.refuse(v_call, 'stock_not_empty', jsonb_build_object(
                'part_id', p_part_id, 'on_hand', v_on_hand), 'part', p_part_id);
        END IF;
        UPDATE public.pms_parts AS p
        SET deleted_at = clock_timestamp(),
            updated_at = clock_timestamp()
        WHERE p.yacht_id = p_yacht_id
          AND p.part_id = p_part_id;
    END IF;

    RETURN private.answer(
        v_call,
        jsonb_build_object(
            'success', true, 'action', v_call.action, 'part_id', p_part_id, 'is_active', false,
            'changed', v_was_active),
        'part', p_part_id, jsonb_build_object('reason', p_reason));
END
$function$;

ALTER FUNCTION public.deactivate_part(uuid, uuid, text, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.deactivate_part(uuid, uuid, text, text) IS
'Deactivates a part of which nothing is in stock: it is no longer found, reported as low or moved, and its history stays.
changed is false when it was deactivated already.

p_yacht_id: the yacht.
p_part_id: the part.
p_reason: any text, 1 to 2000 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.

Requires p_part_id, p_reason, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "part_id": "uuid", "is_active": "boolean", "changed": "boolean"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, part_not_found; 409 stock_not_empty, duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.deactivate_part(uuid, uuid, text, text)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.deactivate_part(uuid, uuid, text, text) TO authenticated;
