-- private.import_part_rows: the rows of import_parts, one by one. In the order of their part numbers:
-- two imports at once then lock the same parts in the same order. Stocks that may get an opening are
-- locked before, in the order of their ids like those of a count, and after their parts.

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
    v_part_ids  uuid[];
BEGIN
    PERFORM private.lock_location_tree(p_call.yacht_id);
    v_part_ids := ARRAY(
        SELECT p.part_id
        FROM public.pms_parts AS p
        WHERE p.yacht_id = p_call.yacht_id
          AND lower(p.part_number) = ANY (ARRAY(
              SELECT lower(btrim(r.value ->> 'part_number'))
              FROM jsonb_array_elements(p_rows) AS r
              WHERE r.value ->> 'opening_quantity' <> '0'))
        ORDER BY lower(p.part_number)
        FOR UPDATE);
    PERFORM s.stock_id
    FROM public.pms_inventory_stock AS s
    WHERE s.yacht_id = p_call.yacht_id
      AND s.part_id = ANY (v_part_ids)
      AND NOT EXISTS (
          SELECT
          FROM public.pms_inventory_transactions AS t
          WHERE t.yacht_id = s.yacht_id
            AND t.stock_id = s.stock_id)
    ORDER BY s.stock_id
    FOR UPDATE;

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
