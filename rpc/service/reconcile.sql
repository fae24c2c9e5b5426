-- reconcile: compare the stocks with the ledger and put their caches right.
--
-- Called by  service_role.

CREATE OR REPLACE FUNCTION public.reconcile(p_yacht_id uuid DEFAULT NULL)
    RETURNS jsonb
    LANGUAGE sql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object('success', true, 'action', 'reconcile')
        || private.reconcile(clock_timestamp(), p_yacht_id)
$function$;

ALTER FUNCTION public.reconcile(uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.reconcile(uuid) IS
    'Compares every stock with the ledger and puts cached quantities right, on record. Says how many stocks it looked at, how many drifted and how many it repaired; without any stock: not enough data. For a service.

p_yacht_id: only of this yacht; a tick then still compares all of them.

Answers 200 {"success": "boolean", "action": "text", "yachts": "bigint", "stocks": "bigint", "drifting": "bigint", "repaired": "bigint", "verdict": "text"}';
REVOKE ALL ON FUNCTION public.reconcile(uuid) FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.reconcile(uuid) TO service_role;
