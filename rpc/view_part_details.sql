-- view_part_details: see a part with its stock.
--
-- Called by  anyone with a role on the yacht; by POST only, because the view is recorded.
-- Refuses    400 invalid_argument; 403 not_on_yacht; 404 feature_disabled, part_not_found.

CREATE OR REPLACE FUNCTION public.view_part_details(
    p_yacht_id uuid,
    p_part_id  uuid DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call private.rpc_call;
    v_part jsonb;
BEGIN
    v_call := private.open_call(
        'view_part_details', p_yacht_id,
        jsonb_build_object(
            'p_part_id', p_part_id));
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    v_part := private.part_details(p_yacht_id, p_part_id);
    IF v_part IS NULL THEN
        RETURN private.refuse(v_call, 'part_not_found', jsonb_build_object('part_id', p_part_id),
                              'part', p_part_id);
    END IF;

    -- Losing the record of a view in a crash is acceptable; waiting for the disk at each is not.
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN private.answer(v_call, v_part, 'part', p_part_id);
END
$function$;

ALTER FUNCTION public.view_part_details(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.view_part_details(
    uuid, uuid) IS
'Shows a part: its fields, what is on hand in all, and each of its stocks with its newest seq (for p_expected_seq).
Records the view.

p_yacht_id: the yacht.
p_part_id: the part.

Requires p_part_id
Answers 200 {"part_id": "uuid", "part_number": "text", "name": "text", "description": "text?", "manufacturer": "text?", "category": "text?", "unit": "text", "barcode": "text?", "min_level": "integer", "max_level": "integer?", "is_critical": "boolean", "is_active": "boolean", "is_low": "boolean", "on_hand": "bigint", "primary_location_id": "uuid?", "updated_at": "timestamptz", "stocks": [{"stock_id": "uuid", "location_id": "uuid", "location": "text", "is_primary": "boolean", "seq": "integer", "on_hand": "bigint"}]}
Refuses 400 invalid_argument; 403 not_on_yacht; 404 feature_disabled, part_not_found';
REVOKE ALL ON FUNCTION public.view_part_details(
    uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.view_part_details(uuid, uuid) TO authenticated;
