-- update_location: rename a location or move it in the tree.
--
-- Called by  heads of department, captain, manager.
-- Refuses    400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404
--            feature_disabled, location_not_found; 409 location_name_taken, location_deactivated,
--            duplicate_idempotency_key, idempotency_key_reused.
-- Order      gate, presence, key, lock, check, append, answer: the same in every RPC.

CREATE OR REPLACE FUNCTION public.update_location(
    p_yacht_id        uuid,
    p_location_id     uuid  DEFAULT NULL,
    p_changes         jsonb DEFAULT NULL,
    p_idempotency_key text  DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call   private.rpc_call;
    v_wrong  text;
    v_parent uuid;
BEGIN
    v_call := private.open_call(
        'update_location', p_yacht_id,
        jsonb_build_object(
            'p_location_id', p_location_id, 'p_changes', p_changes),
        p_idempotency_key,
        private.location_changes_error(p_changes));
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;
    v_parent := (p_changes ->> 'parent_location_id')::uuid;

    -- One move in the tree of a yacht at a time: two that are each right can make a circle.
    PERFORM private.lock_location_tree(p_yacht_id);
    v_wrong := coalesce(private.location_error(p_yacht_id, p_location_id),
                        private.location_error(p_yacht_id, v_parent));
    IF v_wrong IS NOT NULL THEN
        RETURN private.refuse(v_call, v_wrong, jsonb_strip_nulls(jsonb_build_object(
            'location_id', p_location_id, 'parent_location_id', v_parent)),
            'location', p_location_id);
    ELSIF private.location_is_within(p_yacht_id, v_parent, p_location_id) THEN
        RETURN private.refuse_argument(
            v_call, 'p_changes.parent_location_id', 'lies within the location itself');
    END IF;

    BEGIN
        UPDATE public.pms_part_locations AS l
        SET name = coalesce(btrim(p_changes ->> 'name'), l.name),
            parent_location_id = CASE
                WHEN p_changes ? 'parent_location_id' THEN v_parent
                ELSE l.parent_location_id
            END,
            updated_at = clock_timestamp()
        WHERE l.yacht_id = p_yacht_id
          AND l.location_id = p_location_id;
    EXCEPTION WHEN unique_violation THEN
        RETURN private.refuse(
            v_call, 'location_name_taken', p_changes, 'location', p_location_id);
    END;

    RETURN private.answer(v_call, jsonb_build_object(
        'success', true, 'action', v_call.action, 'location_id', p_location_id,
        'path', private.location_path(p_yacht_id, p_location_id)),
        'location', p_location_id, jsonb_build_object('changes', p_changes));
END
$function$;

ALTER FUNCTION public.update_location(uuid, uuid, jsonb, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.update_location(
    uuid, uuid, jsonb, text) IS
'Renames a location or moves it in the tree.

p_yacht_id: the yacht.
p_location_id: the location.
p_changes: an object with name, parent_location_id (null: a root), or both.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.

Requires p_location_id, p_changes, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "location_id": "uuid", "path": "text"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, location_not_found; 409 location_name_taken, location_deactivated, duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.update_location(
    uuid, uuid, jsonb, text)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.update_location(uuid, uuid, jsonb, text) TO authenticated;
