-- Deploy part_lens_tenant:uuid_v7 to pg
-- requires: schemas

BEGIN;

-- private.uuid_v7: ids that sort by the time they were made, so that new rows go to the right edge of
-- their indexes. RFC 9562, section 5.7: 48 bits of Unix time in milliseconds, the version, and the
-- variant and random bits of a version 4 UUID. By way of text, which is the quickest that SQL has.

CREATE FUNCTION private.uuid_v7()
    RETURNS uuid
    LANGUAGE plpgsql
    VOLATILE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        lpad(to_hex(floor(date_part('epoch', clock_timestamp()) * 1000)::bigint), 12, '0')
        || '7'
        || substr(gen_random_uuid()::text, 16))::uuid;
END
$function$;

ALTER FUNCTION private.uuid_v7() OWNER TO pms_rpc;
COMMENT ON FUNCTION private.uuid_v7() IS 'A time-ordered UUID, version 7 of RFC 9562.';
REVOKE ALL ON FUNCTION private.uuid_v7() FROM PUBLIC, anon, authenticated, service_role;

COMMIT;
