-- private.is_unfiltered: does PostgREST answer with what the function returned, as it is?
--
-- It can filter, order and cast what a function returned, in the statement that calls it. What fails there
-- for a refusal alone (a pattern that ends with a backslash, compared with what only a refusal has) takes the
-- refusal back: a wrong signature would never count. Values are parameters of the statement and names are
-- quoted in it, so that no client can write what is looked for. A limit, which a server may set for all
-- calls, fails for nobody.

CREATE FUNCTION private.is_unfiltered(p_statement text)
    RETURNS boolean
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- What is not the count of all, or all of it, stays.
    RETURN regexp_replace(
        p_statement,
        '\(SELECT (1|"[^"]*"\.\*) +FROM "pgrst_source"( AS "[^"]*")? *((LIMIT|OFFSET) [\w$ ]*)?\)',
        '', 'g') NOT LIKE '%"pgrst_source"%';
END
$function$;

ALTER FUNCTION private.is_unfiltered(text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.is_unfiltered(text) IS
    'Whether a statement of PostgREST (12 to 16) answers with all that its function returned, and looks at nothing of it.';
REVOKE ALL ON FUNCTION private.is_unfiltered(text) FROM PUBLIC, anon, authenticated, service_role;
