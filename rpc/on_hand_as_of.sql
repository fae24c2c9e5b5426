-- on_hand_as_of: see what was in stock at a time.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    400 invalid_argument; 403 not_on_yacht; 404 feature_disabled, part_not_found.

CREATE OR REPLACE FUNCTION public.on_hand_as_of(
    p_yacht_id uuid,
    p_part_id  uuid        DEFAULT NULL,
    p_at       timestamptz DEFAULT NULL,
    p_clock    text        DEFAULT 'recorded'
)
    RETURNS jsonb
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call   private.rpc_call;
    v_stocks jsonb;
BEGIN
    v_call := private.open_call(
        'on_hand_as_of', p_yacht_id,
        jsonb_build_object(
            'p_part_id', p_part_id, 'p_at', p_at),
        p_wrong => CASE
            WHEN p_clock IS NULL OR p_clock NOT IN ('recorded', 'occurred')
            THEN '{"argument": "p_clock", "reason": "is neither recorded nor occurred"}'::jsonb
        END);
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;

    IF NOT EXISTS (
        SELECT
        FROM public.pms_parts AS p
        WHERE p.yacht_id = p_yacht_id
          AND p.part_id = p_part_id
    ) THEN
        RETURN private.refuse(v_call, 'part_not_found', jsonb_build_object('part_id', p_part_id));
    END IF;

    SELECT coalesce(jsonb_agg(
        jsonb_build_object('stock_id', s.stock_id, 'location_id', s.location_id,
                           'on_hand', s.on_hand)
        ORDER BY s.stock_id), '[]')
    INTO v_stocks
    FROM private.stocks_as_of(p_yacht_id, p_part_id, p_at, p_clock) AS s;

    RETURN jsonb_build_object(
        'part_id', p_part_id, 'at', p_at, 'clock', p_clock,
        'on_hand', (SELECT coalesce(sum((s.value ->> 'on_hand')::bigint), 0)
                    FROM jsonb_array_elements(v_stocks) AS s),
        'stocks', v_stocks);
END
$function$;

ALTER FUNCTION public.on_hand_as_of(uuid, uuid, timestamptz, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.on_hand_as_of(
    uuid, uuid, timestamptz, text) IS
'Says what was on hand of a part at a time.

p_yacht_id: the yacht.
p_part_id: the part.
p_at: the time.
p_clock: recorded (what the ledger said then) or occurred (what had happened on board by then).

Requires p_part_id, p_at
Answers 200 {"part_id": "uuid", "at": "timestamptz", "clock": "text", "on_hand": "bigint", "stocks": [{"stock_id": "uuid", "location_id": "uuid", "on_hand": "bigint"}]}
Refuses 400 invalid_argument; 403 not_on_yacht; 404 feature_disabled, part_not_found';
REVOKE ALL ON FUNCTION public.on_hand_as_of(
    uuid, uuid, timestamptz, text)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.on_hand_as_of(uuid, uuid, timestamptz, text) TO authenticated;
