-- import_parts: add and change many parts at once.
--
-- Called by  heads of department, captain, manager.
-- Refuses    400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404
--            feature_disabled; 409 duplicate_idempotency_key, idempotency_key_reused. Rows are
--            refused one by one, in the answer: missing_part_number, missing_name, invalid_value,
--            invalid_level, unknown_unit, unknown_key, invalid_row, duplicate_line,
--            duplicate_barcode, invalid_quantity, invalid_location, location_deactivated,
--            part_deactivated.

CREATE OR REPLACE FUNCTION public.import_parts(
    p_yacht_id        uuid,
    p_rows            jsonb   DEFAULT NULL,
    p_idempotency_key text    DEFAULT NULL,
    p_dry_run         boolean DEFAULT false
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call   private.rpc_call;
    v_result jsonb;
BEGIN
    v_call := private.open_call(
        'import_parts', p_yacht_id,
        jsonb_build_object(
            'p_rows', p_rows, 'p_dry_run', p_dry_run),
        p_idempotency_key,
        CASE
            WHEN jsonb_typeof(p_rows) <> 'array'
            THEN '{"argument": "p_rows", "reason": "is not an array"}'::jsonb
            WHEN jsonb_array_length(p_rows) NOT BETWEEN 1 AND 1000
            THEN '{"argument": "p_rows", "reason": "does not have 1 to 1000 rows"}'
            WHEN p_dry_run IS NULL THEN '{"argument": "p_dry_run", "reason": "is null"}'
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    BEGIN
        v_result := private.import_part_rows(v_call, p_rows);
        IF p_dry_run THEN
            RAISE EXCEPTION USING ERRCODE = 'PL002';
        END IF;
    EXCEPTION WHEN SQLSTATE 'PL002' THEN
        -- A dry run does all that a real one does, and undoes it here.
        NULL;
    END;

    RETURN private.answer(
        v_call,
        jsonb_build_object('success', true, 'action', v_call.action, 'dry_run', p_dry_run)
        || v_result,
        'import', NULL,
        jsonb_build_object(
            'dry_run', p_dry_run,
            'rows', jsonb_array_length(p_rows),
            'created', jsonb_array_length(v_result -> 'created'),
            'updated', jsonb_array_length(v_result -> 'updated'),
            'refused', jsonb_array_length(v_result -> 'refused')));
END
$function$;

ALTER FUNCTION public.import_parts(uuid, jsonb, text, boolean) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.import_parts(
    uuid, jsonb, text, boolean) IS
'Adds and changes many parts at once, by part number.
A refused row costs no other.

p_yacht_id: the yacht.
p_rows: 1 to 1000 objects with part_number and name, and any of line, description, manufacturer, category, unit, barcode, min_level, max_level, is_critical, location (a path of names separated by " / ", made when missing) and opening_quantity (the first movement of a part without any).
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_dry_run: answer the same and write nothing.

Requires p_rows, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "dry_run": "boolean", "rows": "integer", "created": [{"line": "integer", "part_id": "uuid?", "part_number": "text"}], "updated": [{"line": "integer", "part_id": "uuid?", "part_number": "text"}], "unchanged": "integer", "locations_created": "integer", "refused": [{"line": "integer", "code": "text", "field": "text?", "reason": "text"}]}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled; 409 duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.import_parts(
    uuid, jsonb, text, boolean)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.import_parts(uuid, jsonb, text, boolean) TO authenticated;
