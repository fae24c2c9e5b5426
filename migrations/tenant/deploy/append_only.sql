-- Deploy part_lens_tenant:append_only to pg
-- requires: schemas

BEGIN;

-- private.refuse_change: the guard of append-only tables, whose triggers are ENABLE ALWAYS, since an
-- ordinary trigger does not fire under session_replication_role = replica; and of views, where without
-- it a write is SQLSTATE 55000 before privileges are looked at: a server error that anyone could cause.

CREATE FUNCTION private.refuse_change()
    RETURNS trigger
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'insufficient_privilege',
        MESSAGE = format('%I.%I is %s', TG_TABLE_SCHEMA, TG_TABLE_NAME,
                         CASE TG_WHEN WHEN 'INSTEAD OF' THEN 'read-only' ELSE 'append-only' END),
        DETAIL  = format('%s was refused', TG_OP),
        HINT    = 'Correct a movement with a reversal.';
END
$function$;

ALTER FUNCTION private.refuse_change() OWNER TO pms_rpc;
COMMENT ON FUNCTION private.refuse_change() IS
    'Trigger: refuses changes of an append-only table, and writes to a view, with SQLSTATE 42501.';
REVOKE ALL ON FUNCTION private.refuse_change() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION private.refuse_change() TO pms_owner;

COMMIT;
