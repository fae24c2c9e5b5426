-- Deploy part_lens_tenant:stock_helpers to pg
-- requires: stock_views
-- requires: call_answers

BEGIN;

-- private.part_on_hand: what is on hand of a part over all its stocks, from the newest movements.
-- PL/pgSQL because its plan is kept; a function in SQL is planned at each call.

CREATE FUNCTION private.part_on_hand(
    p_yacht_id uuid,
    p_part_id  uuid
)
    RETURNS bigint
    LANGUAGE plpgsql
    STABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT coalesce(sum(v.newest_on_hand_after), 0)
        FROM public.v_stock_from_transactions AS v
        WHERE v.yacht_id = p_yacht_id
          AND v.part_id = p_part_id
    );
END
$function$;

ALTER FUNCTION private.part_on_hand(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.part_on_hand(uuid, uuid) IS 'Units on hand of a part over all its stocks.';
REVOKE ALL ON FUNCTION private.part_on_hand(uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.resolve_stock: which stock of a part is meant: the named one, else the one at the primary
-- location, else the only one. A stock knows whether its part is active, so that the part itself is read
-- only where it must say more.

CREATE FUNCTION private.resolve_stock(
    p_yacht_id uuid,
    p_part_id  uuid,
    p_stock_id uuid,
    OUT stock_id         uuid,
    OUT has_other_stocks boolean,
    OUT error_code       text
)
    RETURNS record
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_stocks    uuid[];
    v_is_active boolean;
BEGIN
    SELECT array_agg(s.stock_id), bool_and(s.part_is_active)
    INTO v_stocks, v_is_active
    FROM public.pms_inventory_stock AS s
    WHERE s.yacht_id = p_yacht_id
      AND s.part_id = p_part_id;

    has_other_stocks := coalesce(cardinality(v_stocks) > 1, false);
    IF p_stock_id = ANY (v_stocks) THEN
        stock_id := p_stock_id;
    ELSIF p_stock_id IS NULL AND cardinality(v_stocks) = 1 THEN
        stock_id := v_stocks[1];
    ELSE
        SELECT p.is_active, s.stock_id
        INTO v_is_active, stock_id
        FROM public.pms_parts AS p
        LEFT JOIN public.pms_inventory_stock AS s
            ON s.yacht_id = p.yacht_id
           AND s.part_id = p.part_id
           AND s.location_id = p.primary_location_id
           AND p_stock_id IS NULL
        WHERE p.yacht_id = p_yacht_id
          AND p.part_id = p_part_id;
    END IF;

    error_code := CASE
        WHEN v_is_active IS NULL THEN 'part_not_found'
        WHEN NOT v_is_active THEN 'part_deactivated'
        WHEN stock_id IS NULL THEN 'stock_not_found'
    END;
END
$function$;

ALTER FUNCTION private.resolve_stock(uuid, uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.resolve_stock(uuid, uuid, uuid) IS
    'The stock of a part that a call means, whether the part has others, or part_not_found, part_deactivated, stock_not_found.';
REVOKE ALL ON FUNCTION private.resolve_stock(uuid, uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.stock_at: the stock of a part at a location, as a movement meets it.

CREATE FUNCTION private.stock_at(
    p_yacht_id    uuid,
    p_part_id     uuid,
    p_location_id uuid,
    OUT stock_id   uuid,
    OUT error_code text
)
    RETURNS record
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    SELECT
        s.stock_id,
        CASE
            WHEN p.part_id IS NULL THEN 'part_not_found'
            WHEN l.location_id IS NULL THEN 'location_not_found'
            WHEN NOT p.is_active THEN 'part_deactivated'
            WHEN NOT l.is_active THEN 'location_deactivated'
            WHEN s.stock_id IS NULL THEN 'stock_not_found'
        END
    INTO stock_id, error_code
    FROM (SELECT) AS always_one_row
    LEFT JOIN public.pms_parts AS p
        ON p.yacht_id = p_yacht_id
       AND p.part_id = p_part_id
    LEFT JOIN public.pms_part_locations AS l
        ON l.yacht_id = p_yacht_id
       AND l.location_id = p_location_id
    LEFT JOIN public.pms_inventory_stock AS s
        ON s.yacht_id = p_yacht_id
       AND s.part_id = p_part_id
       AND s.location_id = p_location_id;
END
$function$;

ALTER FUNCTION private.stock_at(uuid, uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.stock_at(uuid, uuid, uuid) IS
    'The stock of a part at a location, or part_not_found, location_not_found, part_deactivated, location_deactivated, stock_not_found.';
REVOKE ALL ON FUNCTION private.stock_at(uuid, uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.open_stock: the stock at which parts arrive: at the named location, else the one that
-- private.resolve_stock means, else at the primary location. It is made when it is missing.

CREATE FUNCTION private.open_stock(
    p_yacht_id    uuid,
    p_part_id     uuid,
    p_location_id uuid,
    OUT stock_id         uuid,
    OUT has_other_stocks boolean,
    OUT error_code       text
)
    RETURNS record
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_location_id uuid := p_location_id;
    v_at          record;
BEGIN
    IF v_location_id IS NULL THEN
        SELECT s.stock_id, s.has_other_stocks, s.error_code
        INTO stock_id, has_other_stocks, error_code
        FROM private.resolve_stock(p_yacht_id, p_part_id, NULL) AS s;
        IF error_code IS DISTINCT FROM 'stock_not_found' THEN
            RETURN;
        END IF;
        SELECT p.primary_location_id
        INTO v_location_id
        FROM public.pms_parts AS p
        WHERE p.yacht_id = p_yacht_id
          AND p.part_id = p_part_id;
        IF v_location_id IS NULL THEN
            RETURN;
        END IF;
    END IF;

    has_other_stocks := true;
    v_at := private.stock_at(p_yacht_id, p_part_id, v_location_id);
    IF v_at.error_code = 'stock_not_found' THEN
        -- Who deactivates the part or the location changes a key that the stock refers to, and so
        -- waits for these locks, or we for theirs and then see it.
        PERFORM p.part_id
        FROM public.pms_parts AS p
        WHERE p.yacht_id = p_yacht_id
          AND p.part_id = p_part_id
        FOR KEY SHARE;
        PERFORM l.location_id
        FROM public.pms_part_locations AS l
        WHERE l.yacht_id = p_yacht_id
          AND l.location_id = v_location_id
        FOR KEY SHARE;
        v_at := private.stock_at(p_yacht_id, p_part_id, v_location_id);
        IF v_at.error_code = 'stock_not_found' THEN
            INSERT INTO public.pms_inventory_stock (yacht_id, part_id, location_id)
            VALUES (p_yacht_id, p_part_id, v_location_id)
            ON CONFLICT DO NOTHING;
            v_at := private.stock_at(p_yacht_id, p_part_id, v_location_id);
        END IF;
    END IF;
    stock_id := v_at.stock_id;
    error_code := v_at.error_code;
END
$function$;

ALTER FUNCTION private.open_stock(uuid, uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.open_stock(uuid, uuid, uuid) IS
    'The stock at which parts of this number arrive, made when missing; or part_not_found, location_not_found, part_deactivated, location_deactivated, stock_not_found (no location known).';
REVOKE ALL ON FUNCTION private.open_stock(uuid, uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.refuse_movement: the refusal of a movement, with what the caller needs to go on: the stock,
-- what is there, and its newest seq.

CREATE FUNCTION private.refuse_movement(
    p_call     private.rpc_call,
    p_code     text,
    p_part_id  uuid,
    p_stock_id uuid,
    p_quantity integer
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_details jsonb := jsonb_build_object(
        'part_id', p_part_id, 'stock_id', p_stock_id, 'quantity', p_quantity);
BEGIN
    IF p_code IN ('insufficient_stock', 'stale_count') THEN
        v_details := v_details || coalesce((
            SELECT jsonb_build_object('on_hand', t.on_hand_after, 'seq', t.seq)
            FROM public.pms_inventory_transactions AS t
            WHERE t.yacht_id = p_call.yacht_id
              AND t.stock_id = p_stock_id
            ORDER BY t.seq DESC
            LIMIT 1
        ), '{"on_hand": 0, "seq": 0}');
    END IF;
    RETURN private.refuse(p_call, p_code, jsonb_strip_nulls(v_details), 'part', p_part_id);
END
$function$;

ALTER FUNCTION private.refuse_movement(private.rpc_call, text, uuid, uuid, integer) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.refuse_movement(private.rpc_call, text, uuid, uuid, integer) IS
    'Refuses a movement; details name part, stock and quantity, and where it matters on_hand and seq.';
REVOKE ALL ON FUNCTION private.refuse_movement(private.rpc_call, text, uuid, uuid, integer)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.record_usage: what a consumption was for, after its movement. The movement names the usage
-- by a deferred foreign key.

CREATE FUNCTION private.record_usage(
    p_call       private.rpc_call,
    p_usage_id   uuid,
    p_stock_id   uuid,
    p_part_id    uuid,
    p_quantity   integer,
    p_work_order text,
    p_equipment  text
)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO public.pms_part_usage
        (yacht_id, usage_id, stock_id, part_id, quantity, quantity_change, work_order, equipment,
         used_by, used_at)
    VALUES
        (p_call.yacht_id, p_usage_id, p_stock_id, p_part_id, p_quantity, -p_quantity, p_work_order,
         p_equipment, p_call.actor_id, coalesce(p_call.occurred_at, now()));
END
$function$;

ALTER FUNCTION private.record_usage(private.rpc_call, uuid, uuid, uuid, integer, text, text)
    OWNER TO pms_rpc;
COMMENT ON FUNCTION private.record_usage(private.rpc_call, uuid, uuid, uuid, integer, text, text) IS
    'Writes what a consumption was for: a work order, an equipment, or both.';
REVOKE ALL ON FUNCTION private.record_usage(private.rpc_call, uuid, uuid, uuid, integer, text, text)
    FROM PUBLIC, anon, authenticated, service_role;

COMMIT;
