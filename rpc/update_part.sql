-- update_part: change a part of the catalogue.
--
-- Called by  heads of department, captain, manager.
-- Refuses    400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404
--            feature_disabled, part_not_found, location_not_found; 409 part_number_taken,
--            part_deactivated, location_deactivated, duplicate_idempotency_key,
--            idempotency_key_reused.
-- Order      gate, presence, key, lock, check, append, answer: the same in every RPC.

CREATE OR REPLACE FUNCTION public.update_part(
    p_yacht_id        uuid,
    p_part_id         uuid  DEFAULT NULL,
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
    v_call     private.rpc_call;
    v_clean    record;
    v_location text;
    v_to       uuid;
    v_active   boolean;
BEGIN
    -- A text that is no object has no fields; open_call refuses it.
    v_clean := private.clean_part_fields(
        CASE jsonb_typeof(p_changes) WHEN 'object' THEN p_changes ELSE '{}' END,
        ARRAY['primary_location_id']);
    v_call := private.open_call(
        'update_part', p_yacht_id,
        jsonb_build_object(
            'p_part_id', p_part_id, 'p_changes', p_changes),
        p_idempotency_key,
        CASE
            WHEN jsonb_typeof(p_changes) <> 'object' OR p_changes = '{}'
            THEN '{"argument": "p_changes", "reason": "is not an object with changes"}'::jsonb
            WHEN v_clean.error_code IS NOT NULL
            THEN jsonb_build_object('argument', 'p_changes.' || v_clean.field,
                                    'reason', v_clean.reason)
            WHEN NOT private.is_uuid_or_null(p_changes -> 'primary_location_id')
            THEN '{"argument": "p_changes.primary_location_id", "reason": "is not a UUID or null"}'
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    IF p_changes ? 'primary_location_id' THEN
        v_to := (p_changes ->> 'primary_location_id')::uuid;
        v_clean.fields := v_clean.fields || jsonb_build_object('primary_location_id', v_to);
    END IF;
    SELECT p.is_active
    INTO v_active
    FROM public.pms_parts AS p
    WHERE p.yacht_id = p_yacht_id
      AND p.part_id = p_part_id
    FOR UPDATE;
    v_location := CASE
        WHEN v_active IS NULL THEN 'part_not_found'
        WHEN NOT v_active THEN 'part_deactivated'
        ELSE private.location_error(p_yacht_id, v_to)
    END;
    IF v_location IS NOT NULL THEN
        RETURN private.refuse(v_call, v_location, jsonb_strip_nulls(jsonb_build_object(
            'part_id', p_part_id, 'location_id', v_to)), 'part', p_part_id);
    END IF;

    BEGIN
        PERFORM private.save_part(p_yacht_id, p_part_id, v_clean.fields);
        IF v_to IS NOT NULL THEN
            PERFORM private.open_stock(p_yacht_id, p_part_id, v_to);
        END IF;
    EXCEPTION
        WHEN unique_violation THEN
            RETURN private.refuse(v_call, 'part_number_taken', p_changes, 'part', p_part_id);
        WHEN check_violation THEN
            RETURN private.refuse_argument(v_call, 'p_changes.max_level', 'is below min_level');
    END;

    RETURN private.answer(
        v_call,
        jsonb_build_object('success', true, 'action', v_call.action, 'part_id', p_part_id),
        'part', p_part_id, jsonb_build_object('changes', v_clean.fields));
END
$function$;

ALTER FUNCTION public.update_part(uuid, uuid, jsonb, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.update_part(
    uuid, uuid, jsonb, text) IS
'Changes a part.

p_yacht_id: the yacht.
p_part_id: the part.
p_changes: an object with any of part_number, name, description, manufacturer, category, unit, barcode, min_level, max_level, is_critical, primary_location_id; null empties an optional one.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.

Requires p_part_id, p_changes, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "part_id": "uuid"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, part_not_found, location_not_found; 409 part_number_taken, part_deactivated, location_deactivated, duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.update_part(
    uuid, uuid, jsonb, text)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.update_part(uuid, uuid, jsonb, text) TO authenticated;
