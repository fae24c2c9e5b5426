-- search_parts: find parts.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    400 invalid_argument; 403 not_on_yacht; 404 feature_disabled.

CREATE OR REPLACE FUNCTION public.search_parts(
    p_yacht_id uuid,
    p_query    text    DEFAULT NULL,
    p_after    text    DEFAULT NULL,
    p_limit    integer DEFAULT 50
)
    RETURNS jsonb
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call     private.rpc_call;
    v_position text[];
BEGIN
    v_position := private.decode_cursor(
        p_after, '^[0-4]$', '^[0-9]{1,7}$', '', '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$');
    v_call := private.open_call(
        'search_parts', p_yacht_id,
        jsonb_build_object(
            'p_query', p_query, 'p_limit', p_limit),
        p_wrong => CASE
            WHEN p_after IS NOT NULL AND v_position IS NULL
            THEN '{"argument": "p_after", "reason": "is not a cursor of this list"}'::jsonb
            WHEN p_limit IS NULL
            THEN '{"argument": "p_limit", "reason": "is null"}'
            WHEN length(btrim(p_query)) NOT BETWEEN 1 AND 200
            THEN '{"argument": "p_query", "reason": "does not have 1 to 200 characters"}'
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    RETURN (
        SELECT coalesce(jsonb_agg(
            jsonb_build_object(
                'part_id', p.part_id, 'part_number', p.part_number, 'name', p.name,
                'manufacturer', p.manufacturer, 'category', p.category, 'unit', p.unit,
                'barcode', p.barcode, 'min_level', p.min_level, 'is_critical', p.is_critical,
                'on_hand', private.part_on_hand(p_yacht_id, p.part_id),
                'cursor', private.encode_cursor(
                    f.rank::text, f.score::text, f.part_number, f.part_id::text))
            ORDER BY f.rank, f.score DESC, f.part_number, f.part_id), '[]')
        FROM private.find_parts(p_yacht_id, p_query, p_limit, v_position) AS f
        JOIN public.pms_parts AS p
          ON p.yacht_id = p_yacht_id
         AND p.part_id = f.part_id
    );
END
$function$;

ALTER FUNCTION public.search_parts(uuid, text, text, integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.search_parts(
    uuid, text, text, integer) IS
'Finds active parts by number, barcode, name, maker, category and description, typos tolerated.
An exact number or barcode comes first, then numbers that begin so, then by likeness.

p_yacht_id: the yacht.
p_query: 1 to 200 characters.
p_after: cursor of the last row of the page before.
p_limit: rows, 1 to 500.

Requires p_query
Answers 200 [{"part_id": "uuid", "part_number": "text", "name": "text", "manufacturer": "text?", "category": "text?", "barcode": "text?", "unit": "text", "is_critical": "boolean", "min_level": "integer", "on_hand": "bigint", "cursor": "text"}]
Refuses 400 invalid_argument; 403 not_on_yacht; 404 feature_disabled';
REVOKE ALL ON FUNCTION public.search_parts(
    uuid, text, text, integer)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.search_parts(uuid, text, text, integer) TO authenticated;
