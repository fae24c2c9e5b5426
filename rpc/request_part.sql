-- request_part: put a part on the shopping list.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    400 invalid_quantity, invalid_argument, missing_idempotency_key; 403 not_on_yacht; 404
--            feature_disabled, part_not_found; 409 part_deactivated, duplicate_idempotency_key,
--            idempotency_key_reused.
-- Order      gate, presence, key, lock, check, append, answer: the same in every RPC.

CREATE OR REPLACE FUNCTION public.request_part(
    p_yacht_id        uuid,
    p_part_id         uuid    DEFAULT NULL,
    p_quantity        integer DEFAULT NULL,
    p_idempotency_key text    DEFAULT NULL,
    p_notes           text    DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call      private.rpc_call;
    v_is_active boolean;
BEGIN
    v_call := private.open_call(
        'request_part', p_yacht_id,
        jsonb_build_object(
            'p_part_id', p_part_id, 'p_quantity', p_quantity, 'p_notes', p_notes),
        p_idempotency_key);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    SELECT p.is_active
    INTO v_is_active
    FROM public.pms_parts AS p
    WHERE p.yacht_id = p_yacht_id
      AND p.part_id = p_part_id
    FOR KEY SHARE;
    IF v_is_active IS NOT TRUE THEN
        RETURN private.refuse(
            v_call,
            CASE WHEN v_is_active IS NULL THEN 'part_not_found' ELSE 'part_deactivated' END,
            jsonb_build_object('part_id', p_part_id), 'part', p_part_id);
    END IF;

    INSERT INTO public.pms_shopping_list_items
        (yacht_id, item_id, part_id, quantity, notes, requested_by)
    VALUES
        (p_yacht_id, v_call.call_id, p_part_id, p_quantity, v_call.notes, v_call.actor_id);

    RETURN private.answer(v_call, jsonb_build_object(
        'success', true, 'action', v_call.action, 'item_id', v_call.call_id, 'part_id', p_part_id,
        'status', 'requested', 'quantity', p_quantity), 'item', v_call.call_id);
END
$function$;

ALTER FUNCTION public.request_part(uuid, uuid, integer, text, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.request_part(uuid, uuid, integer, text, text) IS
'Puts a part on the shopping list.

p_yacht_id: the yacht.
p_part_id: the part.
p_quantity: units, 1 to 1,000,000.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_notes: up to 2000 characters.

Requires p_part_id, p_quantity, p_idempotency_key
Answers 201 {"success": "boolean", "action": "text", "item_id": "uuid", "part_id": "uuid", "status": "text", "quantity": "integer"}
Refuses 400 invalid_quantity, invalid_argument, missing_idempotency_key; 403 not_on_yacht; 404 feature_disabled, part_not_found; 409 part_deactivated, duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.request_part(uuid, uuid, integer, text, text)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.request_part(uuid, uuid, integer, text, text) TO authenticated;
