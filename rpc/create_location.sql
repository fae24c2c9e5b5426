-- create_location: add a location.
--
-- Called by  heads of department, captain, manager.
-- Refuses    400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404
--            feature_disabled, location_not_found; 409 location_name_taken, location_deactivated,
--            duplicate_idempotency_key, idempotency_key_reused.
-- Order      gate, presence, key, lock, check, append, answer: the same in every RPC.

CREATE OR REPLACE FUNCTION public.create_location(
    p_yacht_id           uuid,
    p_name               text DEFAULT NULL,
    p_idempotency_key    text DEFAULT NULL,
    p_parent_location_id uuid DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call     private.rpc_call;
    v_name     text := btrim(p_name);
    v_wrong    text := private.location_name_error(p_name);
    v_location uuid;
BEGIN
    v_call := private.open_call(
        'create_location', p_yacht_id,
        jsonb_build_object(
            'p_name', p_name, 'p_parent_location_id', p_parent_location_id),
        p_idempotency_key,
        CASE
            WHEN v_wrong IS NOT NULL
            THEN jsonb_build_object('argument', 'p_name', 'reason', v_wrong)
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    -- So that the parent is not deactivated in between.
    IF p_parent_location_id IS NOT NULL THEN
        PERFORM private.lock_location_tree(p_yacht_id);
    END IF;
    v_wrong := private.location_error(p_yacht_id, p_parent_location_id);
    IF v_wrong IS NOT NULL THEN
        RETURN private.refuse(v_call, v_wrong, jsonb_build_object(
            'location_id', p_parent_location_id), 'location', p_parent_location_id);
    END IF;

    INSERT INTO public.pms_part_locations AS l (yacht_id, parent_location_id, name)
    VALUES (p_yacht_id, p_parent_location_id, v_name)
    ON CONFLICT DO NOTHING
    RETURNING l.location_id
    INTO v_location;
    IF v_location IS NULL THEN
        RETURN private.refuse(v_call, 'location_name_taken', jsonb_build_object('name', v_name));
    END IF;

    RETURN private.answer(v_call, jsonb_build_object(
        'success', true, 'action', v_call.action, 'location_id', v_location, 'path', private.location_path(p_yacht_id, v_location)),
        'location', v_location);
END
$function$;

ALTER FUNCTION public.create_location(uuid, text, text, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.create_location(
    uuid, text, text, uuid) IS
'Adds a location.

p_yacht_id: the yacht.
p_name: 1 to 200 characters, without " / ".
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_parent_location_id: what it is in; null: a root, such as a deck.

Requires p_name, p_idempotency_key
Answers 201 {"success": "boolean", "action": "text", "location_id": "uuid", "path": "text"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, location_not_found; 409 location_name_taken, location_deactivated, duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.create_location(
    uuid, text, text, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.create_location(uuid, text, text, uuid) TO authenticated;
