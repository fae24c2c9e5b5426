-- pms_stock_by_location: one row per stock.

CREATE VIEW public.pms_stock_by_location
    WITH (security_invoker = true)
AS
SELECT
    s.yacht_id,
    s.stock_id,
    s.location_id,
    l.name AS location_name,
    s.part_id,
    p.part_number,
    p.name AS part_name,
    p.unit,
    s.newest_on_hand_after AS on_hand,
    s.location_id IS NOT DISTINCT FROM p.primary_location_id AS is_primary
FROM public.v_stock_from_transactions AS s
JOIN public.pms_parts AS p
    ON p.yacht_id = s.yacht_id
   AND p.part_id = s.part_id
JOIN public.pms_part_locations AS l
    ON l.yacht_id = s.yacht_id
   AND l.location_id = s.location_id;

CREATE TRIGGER t10_read_only
    INSTEAD OF INSERT OR UPDATE OR DELETE ON public.pms_stock_by_location
    FOR EACH ROW
    EXECUTE FUNCTION private.refuse_change();

ALTER VIEW public.pms_stock_by_location OWNER TO pms_owner;
COMMENT ON VIEW public.pms_stock_by_location IS 'Per part and location: what is on hand there.';
REVOKE ALL ON TABLE public.pms_stock_by_location FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT ON TABLE public.pms_stock_by_location TO authenticated, pms_rpc;
