-- reactivate_location: open a deactivated location again.
--
-- Called by  captain, manager.
-- Refuses    400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404
--            feature_disabled, location_not_found; 409 location_deactivated,
--            duplicate_idempotency_key, idempotency_key_reused.
-- Order      gate, presence, key, lock, check, append, answer: the same in every RPC.
--
-- location_deactivated names the location that it lies in: an active location lies in active ones only.
-- Of an active location: success, "changed": false (see deactivate_part).

CREATE OR REPLACE FUNCTION public.reactivate_location(
    p_yacht_id        uuid,
    p_location_id     uuid DEFAULT NULL,
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
    v_parent     uuid;
BEGIN
    v_call := private.open_call(
        'reactivate_location', p_yacht_id,
        jsonb_build_object('p_location_id', p_location_id, 'p_reason', p_reason),
        p_idempotency_key,
        private.reason_error(p_reason));
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    PERFORM private.lock_location_tree(p_yacht_id);
    SELECT l.is_active, l.parent_location_id
    INTO v_was_active, v_parent
    FROM public.pms_part_locations AS l
    WHERE l.yacht_id = p_yacht_id
      AND l.location_id = p_location_id
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN private.refuse(v_call, 'location_not_found', jsonb_build_object(
            'location_id', p_location_id), 'location', p_location_id);
    ELSIF NOT v_was_active THEN
        IF private.location_error(p_yacht_id, v_parent) IS NOT NULL THEN
            RETURN private.refuse(v_call, 'location_deactivated', jsonb_build_object(
                'location_id', p_location_id, 'parent_location_id', v_parent),
                'location', p_location_id);
        END IF;
        -- The change cascades to its stocks, which are locked in id order everywhere.
        PERFORM s.stock_id
        FROM public.pms_inventory_stock AS s
        WHERE s.yacht_id = p_yacht_id
          AND s.location_id = p_location_id
        ORDER BY s.stock_id
        FOR UPDATE;
        UPDATE public.pms_part_locations AS l
        SET deleted_at = NULL,
            updated_at = clock_timestamp()
        WHERE l.yacht_id = p_yacht_id
          AND l.location_id = p_location_id;
    END IF;

    RETURN private.answer(
        v_call,
        jsonb_build_object(
            'success', true, 'action', v_call.action, 'location_id', p_location_id,
            'is_active', true, 'changed', NOT v_was_active),
        'location', p_location_id, jsonb_build_object('reason', p_reason));
END
$function$;

ALTER FUNCTION public.reactivate_location(uuid, uuid, text, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.reactivate_location(uuid, uuid, text, text) IS
'Reactivates a deactivated location whose parent is active.
changed is false when it was active already.

p_yacht_id: the yacht.
p_location_id: the location.
p_reason: any text, 1 to 2000 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.

Requires p_location_id, p_reason, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "location_id": "uuid", "is_active": "boolean", "changed": "boolean"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, location_not_found; 409 location_deactivated, duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.reactivate_location(uuid, uuid, text, text)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.reactivate_location(uuid, uuid, text, text) TO authenticated;
