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
