-- private.import_part_row: one row of import_parts. What it wrote is undone when it is refused.

CREATE FUNCTION private.import_part_row(
    p_call         private.rpc_call,
    p_row          jsonb,
    p_is_first_try boolean DEFAULT true,
    OUT outcome           text,
    OUT part_id           uuid,
    OUT locations_created integer,
    OUT error_code        text,
    OUT field             text,
    OUT reason            text
)
    RETURNS record
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_clean    record;
    v_location record;
    v_before   jsonb;
    v_after    jsonb;
    v_path     text    := nullif(btrim(p_row ->> 'location'), '');
    v_opening  numeric;
    v_stock    record;
    v_movement record;
BEGIN
    locations_created := 0;
    v_clean := private.clean_part_fields(
        '{"part_number": null, "name": null}' || p_row,
        ARRAY['line', 'location', 'opening_quantity']);
    error_code := v_clean.error_code;
    field := v_clean.field;
    reason := v_clean.reason;
    IF error_code IS NOT NULL THEN
        RETURN;
    END IF;

    IF jsonb_typeof(p_row -> 'location') NOT IN ('string', 'null') THEN
        error_code := 'invalid_location';
        field := 'location';
        reason := 'is not a text';
        RETURN;
    END IF;
    field := 'opening_quantity';
    IF jsonb_typeof(p_row -> field) = 'number' THEN
        v_opening := (p_row ->> field)::numeric;
    END IF;
    IF coalesce(jsonb_typeof(p_row -> field), 'null') NOT IN ('null', 'number')
       OR v_opening NOT BETWEEN 0 AND 1000000
       OR v_opening <> trunc(v_opening)
    THEN
        error_code := 'invalid_quantity';
        reason := 'is not a whole number from 0 to 1000000';
        RETURN;
    ELSIF v_opening > 0 AND v_path IS NULL THEN
        error_code := 'invalid_location';
        field := 'location';
        reason := 'is missing: an opening quantity lies somewhere';
        RETURN;
    END IF;
    field := NULL;

    BEGIN
        IF v_path IS NOT NULL THEN
            v_location := private.location_at_path(p_call.yacht_id, v_path);
            locations_created := v_location.created;
            IF v_location.error_code IS NOT NULL THEN
                error_code := v_location.error_code;
                field := 'location';
                reason := CASE error_code
                    WHEN 'invalid_location' THEN 'is not a path of names separated by " / "'
                    ELSE 'is deactivated'
                END;
                RAISE EXCEPTION USING ERRCODE = 'PL001';
            END IF;
            v_clean.fields := v_clean.fields
                || jsonb_build_object('primary_location_id', v_location.location_id);
        END IF;

        SELECT p.part_id, to_jsonb(p)
        INTO part_id, v_before
        FROM public.pms_parts AS p
        WHERE p.yacht_id = p_call.yacht_id
          AND lower(p.part_number) = lower(v_clean.fields ->> 'part_number')
        FOR UPDATE;
        v_after := private.save_part(p_call.yacht_id, part_id, v_clean.fields);
        outcome := CASE
            WHEN v_before IS NULL THEN 'created'
            WHEN v_before - 'updated_at' = v_after - 'updated_at' THEN 'unchanged'
            ELSE 'updated'
        END;
        part_id := (v_after ->> 'part_id')::uuid;
        IF NOT (v_after ->> 'is_active')::boolean THEN
            error_code := 'part_deactivated';
            field := 'part_number';
            reason := 'belongs to a deactivated part';
            RAISE EXCEPTION USING ERRCODE = 'PL001';
        END IF;

        IF v_path IS NOT NULL THEN
            v_stock := private.open_stock(p_call.yacht_id, part_id, v_location.location_id);
            -- Only for a part without any movement: neither importing the file again nor a new
            -- location in it adds stock.
            IF v_opening > 0 AND NOT EXISTS (
                SELECT
                FROM public.pms_inventory_stock AS s
                JOIN public.pms_inventory_transactions AS t
                  ON t.yacht_id = s.yacht_id
                 AND t.stock_id = s.stock_id
                WHERE s.yacht_id = p_call.yacht_id
                  AND s.part_id = import_part_row.part_id
            ) THEN
                SELECT m.success, m.error_code
                INTO v_movement
                FROM private.add_stock_inventory(
                    v_stock.stock_id, v_opening::integer, p_call.yacht_id, 'opening', p_call) AS m;
                IF NOT v_movement.success THEN
                    -- Deactivated in between.
                    error_code := v_movement.error_code;
                    field := CASE error_code
                        WHEN 'location_deactivated' THEN 'location'
                        ELSE 'part_number'
                    END;
                    reason := 'is deactivated';
                    RAISE EXCEPTION USING ERRCODE = 'PL001';
                END IF;
                outcome := CASE outcome WHEN 'unchanged' THEN 'updated' ELSE outcome END;
            END IF;
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'PL001' THEN
            outcome := NULL;
            locations_created := 0;
        WHEN unique_violation THEN
            GET STACKED DIAGNOSTICS reason = CONSTRAINT_NAME;
            IF p_is_first_try AND reason = 'part_number_is_unique_on_its_yacht' THEN
                -- Another call has added the part in between: now it is a change.
                SELECT r.outcome, r.part_id, r.locations_created, r.error_code, r.field, r.reason
                INTO outcome, part_id, locations_created, error_code, field, reason
                FROM private.import_part_row(p_call, p_row, false) AS r;
                RETURN;
            END IF;
            outcome := NULL;
            locations_created := 0;
            error_code := 'duplicate_barcode';
            field := 'barcode';
            reason := 'belongs to another part';
        WHEN check_violation THEN
            -- The levels of the row against those that the part has.
            outcome := NULL;
            locations_created := 0;
            error_code := 'invalid_level';
            field := 'max_level';
            reason := 'is below min_level';
    END;
END
$function$;

ALTER FUNCTION private.import_part_row(private.rpc_call, jsonb, boolean) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.import_part_row(private.rpc_call, jsonb, boolean) IS
    'Imports one row: outcome created, updated or unchanged, or error_code, field and reason with nothing written.';
REVOKE ALL ON FUNCTION private.import_part_row(private.rpc_call, jsonb, boolean)
    FROM PUBLIC, anon, authenticated, service_role;
