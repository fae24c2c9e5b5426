-- Deploy part_lens_tenant:catalogue_helpers to pg
-- requires: stock_primitives
-- requires: stock_helpers
-- requires: location_helpers

BEGIN;

-- private.clean_part_fields: the fields of a part as a client sent them, checked and in the form in
-- which they are stored: trimmed, '' as null. The one place that says what a field may hold, for
-- create_part, update_part and import_parts.

CREATE FUNCTION private.clean_part_fields(
    p_fields jsonb,
    p_also   text[] DEFAULT '{}',
    OUT fields     jsonb,
    OUT error_code text,
    OUT field      text,
    OUT reason     text
)
    RETURNS record
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c_texts  constant jsonb  := jsonb '{"part_number": 100, "name": 200, "description": 4000,
                                        "manufacturer": 200, "category": 100, "unit": 20,
                                        "barcode": 100}';
    c_levels constant text[] := ARRAY['min_level', 'max_level'];
    v_value  jsonb;
    v_text   text;
BEGIN
    fields := '{}';
    FOR field, v_value IN SELECT e.key, e.value FROM jsonb_each(p_fields) AS e ORDER BY e.key LOOP
        IF c_texts ? field THEN
            v_text := nullif(btrim(v_value #>> '{}'), '');
            IF jsonb_typeof(v_value) NOT IN ('string', 'null') THEN
                error_code := 'invalid_value';
                reason := 'is not a text';
            ELSIF v_text IS NULL AND field IN ('part_number', 'name') THEN
                error_code := 'missing_' || field;
                reason := 'is missing';
            ELSIF length(v_text) > (c_texts ->> field)::integer THEN
                error_code := 'invalid_value';
                reason := format('is longer than %s characters', c_texts ->> field);
            ELSIF v_text ~ '[[:cntrl:]]' AND field <> 'description' THEN
                error_code := 'invalid_value';
                reason := 'holds a control character';
            ELSIF field = 'unit' AND coalesce(v_text, 'pcs') <> ALL (private.units()) THEN
                error_code := 'unknown_unit';
                reason := 'is none of ' || array_to_string(private.units(), ', ');
            END IF;
            fields := fields || jsonb_build_object(
                field, CASE WHEN field = 'unit' THEN coalesce(v_text, 'pcs') ELSE v_text END);
        ELSIF field = ANY (c_levels) THEN
            IF jsonb_typeof(v_value) = 'null' THEN
                fields := fields || jsonb_build_object(
                    field, CASE WHEN field = 'min_level' THEN 0 END);
            ELSIF jsonb_typeof(v_value) <> 'number'
                  OR v_value::numeric <> trunc(v_value::numeric)
                  OR v_value::numeric NOT BETWEEN 0 AND 1000000
            THEN
                error_code := 'invalid_level';
                reason := 'is not a whole number from 0 to 1000000';
            ELSE
                fields := fields || jsonb_build_object(field, v_value::numeric::integer);
            END IF;
        ELSIF field = 'is_critical' THEN
            IF jsonb_typeof(v_value) NOT IN ('boolean', 'null') THEN
                error_code := 'invalid_value';
                reason := 'is not true or false';
            END IF;
            fields := fields || jsonb_build_object(field, coalesce(v_value = 'true', false));
        ELSIF field <> ALL (p_also) THEN
            error_code := 'unknown_key';
            reason := 'is not a field of a part';
        END IF;
        IF error_code IS NOT NULL THEN
            RETURN;
        END IF;
    END LOOP;

    IF (fields ->> 'max_level')::integer < coalesce((fields ->> 'min_level')::integer, 0) THEN
        error_code := 'invalid_level';
        field := 'max_level';
        reason := 'is below min_level';
    END IF;
END
$function$;

ALTER FUNCTION private.clean_part_fields(jsonb, text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.clean_part_fields(jsonb, text[]) IS
    'Fields of a part, checked and normalised, or the first that cannot be: missing_part_number, missing_name, invalid_value, invalid_level, unknown_unit, unknown_key. p_also: keys that the caller checks itself.';
REVOKE ALL ON FUNCTION private.clean_part_fields(jsonb, text[])
    FROM PUBLIC, anon, authenticated, service_role;

-- private.save_part: writes checked fields of a part, new (p_part_id NULL) or known. A known part that
-- has these values already is not written.

CREATE FUNCTION private.save_part(
    p_yacht_id uuid,
    p_part_id  uuid,
    p_fields   jsonb
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_part public.pms_parts;
BEGIN
    IF p_part_id IS NULL THEN
        INSERT INTO public.pms_parts AS p
            (yacht_id, part_number, name, description, manufacturer, category, unit, barcode,
             min_level, max_level, is_critical, primary_location_id)
        SELECT
            p_yacht_id, f.part_number, f.name, f.description, f.manufacturer, f.category,
            coalesce(f.unit, 'pcs'), f.barcode, coalesce(f.min_level, 0), f.max_level,
            coalesce(f.is_critical, false), f.primary_location_id
        FROM jsonb_populate_record(NULL::public.pms_parts, p_fields) AS f
        RETURNING p.*
        INTO v_part;
        RETURN to_jsonb(v_part);
    END IF;

    SELECT p.*
    INTO v_part
    FROM public.pms_parts AS p
    WHERE p.yacht_id = p_yacht_id
      AND p.part_id = p_part_id
    FOR UPDATE;
    IF to_jsonb(v_part) @> p_fields THEN
        RETURN to_jsonb(v_part);
    END IF;

    v_part := jsonb_populate_record(v_part, p_fields);
    UPDATE public.pms_parts AS p
    SET part_number = v_part.part_number,
        name = v_part.name,
        description = v_part.description,
        manufacturer = v_part.manufacturer,
        category = v_part.category,
        unit = v_part.unit,
        barcode = v_part.barcode,
        min_level = v_part.min_level,
        max_level = v_part.max_level,
        is_critical = v_part.is_critical,
        primary_location_id = v_part.primary_location_id,
        updated_at = clock_timestamp()
    WHERE p.yacht_id = p_yacht_id
      AND p.part_id = p_part_id
    RETURNING p.*
    INTO v_part;
    RETURN to_jsonb(v_part);
END
$function$;

ALTER FUNCTION private.save_part(uuid, uuid, jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.save_part(uuid, uuid, jsonb) IS
    'Inserts (p_part_id NULL) or updates a part from cleaned fields; returns its row. Raises unique_violation and check_violation.';
REVOKE ALL ON FUNCTION private.save_part(uuid, uuid, jsonb)
    FROM PUBLIC, anon, authenticated, service_role;

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

-- private.import_part_rows: the rows of import_parts, one by one. In the order of their part numbers:
-- two imports at once then lock the same parts in the same order.

CREATE FUNCTION private.import_part_rows(
    p_call private.rpc_call,
    p_rows jsonb
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_row       record;
    v_done      record;
    v_created   jsonb[] := ARRAY[]::jsonb[];
    v_updated   jsonb[] := ARRAY[]::jsonb[];
    v_refused   jsonb[] := ARRAY[]::jsonb[];
    v_unchanged integer := 0;
    v_locations integer := 0;
    v_part      jsonb;
BEGIN
    PERFORM private.lock_location_tree(p_call.yacht_id);
    FOR v_row IN
        SELECT
            r.value AS fields,
            CASE
                WHEN jsonb_typeof(r.value -> 'line') = 'number' THEN r.value -> 'line'
                ELSE to_jsonb(r.ordinality)
            END AS line,
            row_number() OVER (
                PARTITION BY lower(btrim(r.value ->> 'part_number')) ORDER BY r.ordinality
            ) AS occurrence
        FROM jsonb_array_elements(p_rows) WITH ORDINALITY AS r
        ORDER BY lower(btrim(r.value ->> 'part_number')), r.ordinality
    LOOP
        IF jsonb_typeof(v_row.fields) <> 'object' THEN
            SELECT 'invalid_row' AS error_code, NULL AS field, 'is not an object' AS reason
            INTO v_done;
        ELSIF v_row.occurrence > 1 AND btrim(v_row.fields ->> 'part_number') <> '' THEN
            SELECT
                'duplicate_line' AS error_code,
                'part_number' AS field,
                'stands on an earlier line of the file too' AS reason
            INTO v_done;
        ELSE
            v_done := private.import_part_row(p_call, v_row.fields);
        END IF;

        IF v_done.error_code IS NOT NULL THEN
            v_refused := v_refused || jsonb_build_object(
                'line', v_row.line, 'code', v_done.error_code, 'field', v_done.field,
                'reason', v_done.reason);
            CONTINUE;
        END IF;
        v_locations := v_locations + v_done.locations_created;
        v_part := jsonb_build_object(
            'line', v_row.line, 'part_id', v_done.part_id,
            'part_number', btrim(v_row.fields ->> 'part_number'));
        CASE v_done.outcome
            WHEN 'created' THEN v_created := v_created || v_part;
            WHEN 'updated' THEN v_updated := v_updated || v_part;
            WHEN 'unchanged' THEN v_unchanged := v_unchanged + 1;
        END CASE;
    END LOOP;

    RETURN jsonb_build_object(
        'rows', jsonb_array_length(p_rows),
        'unchanged', v_unchanged,
        'locations_created', v_locations,
        'created', private.in_line_order(v_created),
        'updated', private.in_line_order(v_updated),
        'refused', private.in_line_order(v_refused));
END
$function$;

ALTER FUNCTION private.import_part_rows(private.rpc_call, jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.import_part_rows(private.rpc_call, jsonb) IS
    'Imports the rows and says what was created, updated, left unchanged and refused, by line.';
REVOKE ALL ON FUNCTION private.import_part_rows(private.rpc_call, jsonb)
    FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.in_line_order(p_rows jsonb[])
    RETURNS jsonb
    LANGUAGE sql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(jsonb_agg(r.value ORDER BY r.value -> 'line', r.ordinality), '[]')
    FROM unnest(p_rows) WITH ORDINALITY AS r (value, ordinality)
$function$;

ALTER FUNCTION private.in_line_order(jsonb[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.in_line_order(jsonb[]) IS 'Objects as a JSON array, ordered by their `line`.';
REVOKE ALL ON FUNCTION private.in_line_order(jsonb[]) FROM PUBLIC, anon, authenticated, service_role;

COMMIT;
