-- create_part: add a part to the catalogue.
--
-- Called by  heads of department, captain, manager.
-- Refuses    400 invalid_argument, invalid_quantity, missing_idempotency_key; 403 not_on_yacht,
--            role_not_allowed; 404 feature_disabled, location_not_found; 409 part_number_taken,
--            location_deactivated, duplicate_idempotency_key, idempotency_key_reused.
-- Order      gate, presence, key, lock, check, append, answer: the same in every RPC.

CREATE OR REPLACE FUNCTION public.create_part(
    p_yacht_id            uuid,
    p_part_number         text    DEFAULT NULL,
    p_name                text    DEFAULT NULL,
    p_idempotency_key     text    DEFAULT NULL,
    p_description         text    DEFAULT NULL,
    p_manufacturer        text    DEFAULT NULL,
    p_category            text    DEFAULT NULL,
    p_unit                text    DEFAULT 'pcs',
    p_barcode             text    DEFAULT NULL,
    p_min_level           integer DEFAULT 0,
    p_max_level           integer DEFAULT NULL,
    p_is_critical         boolean DEFAULT false,
    p_primary_location_id uuid    DEFAULT NULL,
    p_opening_quantity    integer DEFAULT 0
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
    v_error    text;
    v_part_id  uuid;
    v_stock_id uuid;
    v_opening  uuid;
BEGIN
    v_clean := private.clean_part_fields(jsonb_build_object(
        'part_number', p_part_number, 'name', p_name, 'description', p_description,
        'manufacturer', p_manufacturer, 'category', p_category, 'unit', p_unit,
        'barcode', p_barcode, 'min_level', p_min_level, 'max_level', p_max_level,
        'is_critical', p_is_critical));
    v_call := private.open_call(
        'create_part', p_yacht_id,
        jsonb_build_object(
            'p_part_number', p_part_number, 'p_name', p_name,
            'p_description', p_description, 'p_manufacturer', p_manufacturer,
            'p_category', p_category, 'p_unit', p_unit, 'p_barcode', p_barcode,
            'p_min_level', p_min_level, 'p_max_level', p_max_level,
            'p_is_critical', p_is_critical,
            'p_primary_location_id', p_primary_location_id,
            'p_opening_quantity', p_opening_quantity),
        p_idempotency_key,
        CASE
            WHEN v_clean.error_code IS NOT NULL
            THEN jsonb_build_object('argument', 'p_' || v_clean.field, 'reason', v_clean.reason)
            WHEN p_opening_quantity IS NULL OR p_opening_quantity NOT BETWEEN 0 AND 1000000
            THEN jsonb_build_object('code', 'invalid_quantity', 'argument', 'p_opening_quantity',
                                    'quantity', p_opening_quantity)
            WHEN p_opening_quantity > 0 AND p_primary_location_id IS NULL
            THEN '{"argument": "p_primary_location_id", "reason": "is required for an opening quantity"}'
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    v_error := private.location_error(p_yacht_id, p_primary_location_id);
    IF v_error IS NOT NULL THEN
        RETURN private.refuse(v_call, v_error, jsonb_build_object(
            'location_id', p_primary_location_id), 'location', p_primary_location_id);
    END IF;

    BEGIN
        v_part_id := (private.save_part(p_yacht_id, NULL, v_clean.fields || jsonb_build_object(
            'primary_location_id', p_primary_location_id)) ->> 'part_id')::uuid;
        IF p_primary_location_id IS NOT NULL THEN
            SELECT s.stock_id, s.error_code
            INTO v_stock_id, v_error
            FROM private.open_stock(p_yacht_id, v_part_id, p_primary_location_id) AS s;
        END IF;
        IF v_error IS NULL AND p_opening_quantity > 0 THEN
            v_opening := v_call.call_id;
            SELECT m.error_code
            INTO v_error
            FROM private.add_stock_inventory(
                v_stock_id, p_opening_quantity, p_yacht_id, 'opening', v_call, v_opening) AS m;
        END IF;
        IF v_error IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'PL001';
        END IF;
    EXCEPTION
        WHEN unique_violation THEN
            RETURN private.refuse(v_call, 'part_number_taken', jsonb_build_object(
                'part_number', p_part_number, 'barcode', p_barcode));
        WHEN SQLSTATE 'PL001' THEN
            -- The location was deactivated in between: no half a part.
            RETURN private.refuse(v_call, v_error, jsonb_build_object(
                'location_id', p_primary_location_id), 'location', p_primary_location_id);
    END;

    RETURN private.answer(v_call, jsonb_build_object(
        'success', true, 'action', v_call.action, 'part_id', v_part_id,
        'stock_id', v_stock_id, 'transaction_id', v_opening,
        'on_hand', p_opening_quantity), 'part', v_part_id);
END
$function$;

ALTER FUNCTION public.create_part(
    uuid, text, text, text, text, text, text, text, text, integer, integer, boolean, uuid,
    integer)
    OWNER TO pms_rpc;
COMMENT ON FUNCTION public.create_part(
    uuid, text, text, text, text, text, text, text, text, integer, integer, boolean, uuid,
    integer) IS
'Adds a part to the catalogue, with a stock at its primary location and an opening quantity there.

p_yacht_id: the yacht.
p_part_number: 1 to 100 characters, unique on the yacht whatever the case.
p_name: 1 to 200 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_description, p_manufacturer, p_category, p_barcode: texts.
p_unit: what a quantity of 1 is.
p_min_level: units, 0 to 1,000,000; 0 is never reported as low.
p_max_level: units, 0 to 1,000,000; null means twice p_min_level.
p_is_critical: whether the yacht depends on it.
p_primary_location_id: where it is kept.
p_opening_quantity: units, 0 to 1,000,000; needs a primary location.

Requires p_part_number, p_name, p_idempotency_key
Answers 201 {"success": "boolean", "action": "text", "part_id": "uuid", "stock_id": "uuid?", "transaction_id": "uuid?", "on_hand": "bigint"}
Refuses 400 invalid_argument, invalid_quantity, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, location_not_found; 409 part_number_taken, location_deactivated, duplicate_idempotency_key, idempotency_key_reused';
REVOKE ALL ON FUNCTION public.create_part(
    uuid, text, text, text, text, text, text, text, text, integer, integer, boolean, uuid,
    integer)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.create_part(
    uuid, text, text, text, text, text, text, text, text, integer, integer, boolean, uuid,
    integer) TO authenticated;
