-- signature_compliance: is everything signed that must be?
--
-- Called by  service_role.

CREATE OR REPLACE FUNCTION public.signature_compliance()
    RETURNS jsonb
    LANGUAGE sql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_agg(to_jsonb(c))
    FROM private.signature_compliance() AS c
$function$;

ALTER FUNCTION public.signature_compliance() OWNER TO pms_rpc;
COMMENT ON FUNCTION public.signature_compliance() IS
    'Counts, by type of movement and by action, how many must be signed and how many are, with a verdict: pass, fail, not enough data. For a service.

Answers 200 [{"source": "text", "kind": "text", "total": "bigint", "signed": "bigint", "unsigned": "bigint", "verdict": "text"}]';
REVOKE ALL ON FUNCTION public.signature_compliance() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.signature_compliance() TO service_role;
