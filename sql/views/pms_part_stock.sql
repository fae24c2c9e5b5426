-- pms_part_stock: one row per part, active or not. Reads the newest movement of each stock, in constant time.

CREATE VIEW public.pms_part_stock
    WITH (security_invoker = true)
AS
SELECT
    p.yacht_id,
    p.part_id,
    p.name AS part_name,
    p.part_number,
    COALESCE((
        SELECT SUM(v.newest_on_hand_after)
        FROM public.v_stock_from_transactions AS v
        WHERE v.yacht_id = p.yacht_id
          AND v.part_id = p.part_id
    ), 0) AS on_hand,
    p.min_level,
    s.stock_id,
    l.location_id,
    l.name AS location_name
FROM public.pms_parts AS p
LEFT JOIN public.pms_part_locations AS l
    ON l.yacht_id = p.yacht_id
   AND l.location_id = p.primary_location_id
LEFT JOIN public.v_stock_from_transactions AS s
    ON s.yacht_id = p.yacht_id
   AND s.part_id = p.part_id
   AND s.location_id = p.primary_location_id;

CREATE TRIGGER t10_read_only
    INSTEAD OF INSERT OR UPDATE OR DELETE ON public.pms_part_stock
    FOR EACH ROW
    EXECUTE FUNCTION private.refuse_change();

ALTER VIEW public.pms_part_stock OWNER TO pms_owner;
COMMENT ON VIEW public.pms_part_stock IS
    'Per part: what is on hand over all its stocks, its minimum, and the stock and location that are meant when a call names none.';
REVOKE ALL ON TABLE public.pms_part_stock FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.pms_part_stock TO authenticated, pms_rpc;
