-- deactivate_location: close a location; the history of its stocks stays.
--
-- Called by  captain, manager.
-- Refuses    400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404
--            feature_disabled, location_not_found; 409 stock_not_empty, illegal_transition,
--            duplicate_idempotency_key, idempotency_key_reused.
-- Order      gate, presence, key, lock, check, append, answer: the same in every RPC.
--
-- An active location lies in active ones only, so what it holds is closed first: illegal_transition
-- names how many locations. Parts may keep it as their primary location, since a locker is also closed
-- for a refit: the answer says how many, and what arrives for them without another location is refused.
-- Of a deactivated location: success, "changed": false (see deactivate_part).

CREATE OR REPLACE FUNCTION public.deactivate_location(
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
    v_stocks     bigint;
    v_locations  bigint;
BEGIN
    v_call := private.open_call(
        'deactivate_location', p_yacht_id,
        jsonb_build_object('p_location_id', p_location_id, 'p_reason', p_reason),
        p_idempotency_key,
        private.reason_error(p_reason));
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    -- The tree keeps new locations out, the location new stocks, its stocks movements.
    PERFORM private.lock_location_tree(p_yacht_id);
    SELECT l.is_active
    INTO v_was_active
    FROM public.pms_part_locations AS l
    WHERE l.yacht_id = p_yacht_id
      AND l.location_id = p_location_id
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN private.refuse(v_call, 'location_not_found', jsonb_build_object(
            'location_id', p_location_id), 'location', p_location_id);
    END IF;
    IF v_was_active THEN
        PERFORM s.stock_id
        FROM public.pms_inventory_stock AS s
        WHERE s.yacht_id = p_yacht_id
          AND s.location_id = p_location_id
        ORDER BY s.stock_id
        FOR UPDATE;
        SELECT count(*)
        INTO v_stocks
        FROM public.v_stock_from_transactions AS v
        WHERE v.yacht_id = p_yacht_id
          AND v.location_id = p_location_id
          AND v.newest_on_hand_after > 0;
        SELECT count(*)
        INTO v_locations
        FROM public.pms_part_locations AS l
        WHERE l.yacht_id = p_yacht_id
          AND l.parent_location_id = p_location_id
          AND l.is_active;
        IF v_stocks > 0 THEN
            RETURN private.refuse(v_call, 'stock_not_empty', jsonb_build_object(
                'location_id', p_location_id, 'parts', v_stocks), 'location', p_location_id);
        ELSIF v_locations > 0 THEN
            RETURN private.refuse(v_call, 'illegal_transition', jsonb_build_object(
                'location_id', p_location_id, 'active_locations', v_locations,
                'reason', 'holds active locations'), 'location', p_location_id);
        END IF;
        UPDATE public.pms_part_locations AS l
        SET deleted_at = clock_timestamp(),
            updated_at = clock_timestamp()
        WHERE l.yacht_id = p_yacht_id
          AND l.location_id = p_location_id;
    END IF;

    RETURN private.answer(
        v_call,
        jsonb_build_object(
            'success', true, 'action', v_call.action, 'location_id', p_location_id,
            'is_active', false, 'changed', v_was_active, 'primary_of', (
                SELECT count(*)
                FROM public.pms_parts AS p
                WHERE p.yacht_id = p_yacht_id
                  AND p.primary_location_id = p_location_id
                  AND p.is_active)),
        'location', p_location_id, jsonb_build_object('reason', p_reason));
END
$function$;

ALTER FUNCTION public.deactivate_location(uuid, uuid, text, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.deactivate_location(uuid, uuid, text, text) IS
'Deactivates a location that holds neither parts nor active locations: nothing moves there any more.
changed is false when it was deactivated already; primary_of counts the active parts that have it as primary location still.

p_yacht_id: the yacht.
p_location_id: the location.
p_reason: any text, 1 to 2000 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.

Requires p_location_id, p_reason, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "location_id": "uuid", "is_active": "boolean", "changed": "boolean", "primary_of": "integer"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, location_not_found; 409 stock_not_empty, illegal_transition, duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.deactivate_location(uuid, uuid, text, text)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.deactivate_location(uuid, uuid, text, text) TO authenticated;
