-- private.canary_bucket: where a yacht stands in the ramp of a flag, 0 to 99. Written down, because v1
-- and the gateway's neighbours may have to compute it as well, and fixed for ever:
--
--   the first four bytes of the SHA-256 of '<flag_name>:<yacht_id>' (UTF-8; the id in lower case with
--   hyphens), read as a big-endian unsigned integer, modulo 100.
--
-- hashtext() may change between major versions of PostgreSQL. The flag is part of it so that the same
-- yachts are not always the first. A yacht is in when its bucket is under the percentage, so that a
-- higher percentage only ever adds yachts.

CREATE FUNCTION private.canary_bucket(
    p_flag_name text,
    p_yacht_id  uuid
)
    RETURNS integer
    LANGUAGE sql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT (('x' || left(
        encode(sha256(convert_to(p_flag_name || ':' || p_yacht_id::text, 'UTF8')), 'hex'), 8)
    )::bit(32)::bigint % 100)::integer
$function$;

ALTER FUNCTION private.canary_bucket(text, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.canary_bucket(text, uuid) IS
    'The place of a yacht in the ramp of a flag, 0 to 99: four bytes of SHA-256 of flag:yacht, modulo 100. Never changes.';
REVOKE ALL ON FUNCTION private.canary_bucket(text, uuid) FROM PUBLIC, anon, authenticated, service_role;
