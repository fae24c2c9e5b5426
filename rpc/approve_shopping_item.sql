-- approve_shopping_item: agree to what was requested.
--
-- Called by  heads of department, captain, manager.
-- Refuses    400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404
--            feature_disabled, item_not_found; 409 illegal_transition, part_deactivated,
--            duplicate_idempotency_key, idempotency_key_reused.
-- Order      gate, presence, key, lock, check, append, answer: the same in every RPC.

CREATE OR REPLACE FUNCTION public.approve_shopping_item(
    p_yacht_id        uuid,
    p_item_id         uuid DEFAULT NULL,
    p_idempotency_key text DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call private.rpc_call;
    v_item record;
BEGIN
    v_call := private.open_call(
        'approve_shopping_item', p_yacht_id,
        jsonb_build_object('p_item_id', p_item_id),
        p_idempotency_key);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    v_item := private.lock_item(v_call, p_item_id, ARRAY['requested']);
    IF v_item.refusal IS NOT NULL THEN
        RETURN v_item.refusal;
    END IF;
    UPDATE public.pms_shopping_list_items AS i
    SET status = 'approved',
        decided_by = v_call.actor_id,
        decided_at = clock_timestamp()
    WHERE i.yacht_id = p_yacht_id
      AND i.item_id = p_item_id;

    RETURN private.answer(
        v_call,
        jsonb_build_object(
            'success', true, 'action', v_call.action, 'item_id', p_item_id,
            'part_id', v_item.part_id, 'status', 'approved'),
        'item', p_item_id);
END
$function$;

ALTER FUNCTION public.approve_shopping_item(uuid, uuid, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.approve_shopping_item(uuid, uuid, text) IS
'Approves an item of the shopping list that was requested.

p_yacht_id: the yacht.
p_item_id: the item of the shopping list.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.

Requires p_item_id, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "item_id": "uuid", "part_id": "uuid", "status": "text"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, item_not_found; 409 illegal_transition, part_deactivated, duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.approve_shopping_item(uuid, uuid, text)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.approve_shopping_item(uuid, uuid, text) TO authenticated;
