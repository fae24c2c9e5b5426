-- Who a statement of a test is: a person in a database role, as the servers would set it.

CREATE FUNCTION tap.id(p_name text)
    RETURNS uuid
    LANGUAGE sql
    IMMUTABLE
    STRICT
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT md5(p_name)::uuid
$function$;

COMMENT ON FUNCTION tap.id(text) IS 'The id of what a test calls p_name.';

CREATE FUNCTION tap.roles()
    RETURNS text[]
    LANGUAGE sql
    IMMUTABLE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT ARRAY['crew', 'deckhand', 'steward', 'engineer', 'eto', 'chief_engineer',
                 'chief_officer', 'chief_steward', 'purser', 'captain', 'manager']
$function$;

COMMENT ON FUNCTION tap.roles() IS 'The eleven roles, lowest first.';

CREATE FUNCTION tap.act_as(
    p_who  text,
    p_role text DEFAULT 'authenticated'
)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- As the servers do it: both settings for the transaction, `sub` only for a person.
    PERFORM set_config('request.jwt.claims', jsonb_strip_nulls(jsonb_build_object(
        'sub', tap.id(p_who), 'role', p_role))::text, true);
    -- As the gate does it: code of pms_rpc sees the yacht that was opened for the caller.
    PERFORM set_config('part_lens.yacht_id', coalesce((
        SELECT m.yacht_id::text
        FROM private.my_roles AS m
        WHERE p_role = 'pms_rpc'
        ORDER BY m.yacht_id = tap.id('yacht') DESC
        LIMIT 1), ''), true);
    PERFORM set_config('role', p_role, true);
END
$function$;

COMMENT ON FUNCTION tap.act_as(text, text) IS
    'From now on the file is p_who (NULL: nobody) in the database role p_role.';

CREATE FUNCTION tap.act_as_superuser()
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- After a transaction the setting is the empty string, not NULL: so here too.
    PERFORM set_config('request.jwt.claims', '', true);
    PERFORM set_config('role', 'none', true);
END
$function$;

COMMENT ON FUNCTION tap.act_as_superuser() IS 'Back to the login of the test, without claims.';

CREATE FUNCTION tap.run_as(
    p_role text,
    p_who  text,
    p_sql  text
)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF p_role = 'replica' THEN
        PERFORM set_config('session_replication_role', 'replica', true);
        EXECUTE p_sql;
        PERFORM set_config('session_replication_role', 'origin', true);
    ELSE
        PERFORM tap.act_as(p_who, CASE p_role WHEN 'superuser' THEN 'none' ELSE p_role END);
        EXECUTE p_sql;
        PERFORM tap.act_as_superuser();
    END IF;
END
$function$;

COMMENT ON FUNCTION tap.run_as(text, text, text) IS
    'Runs one statement as p_who in the database role p_role, or as `superuser`, or as `replica`: a superuser with session_replication_role = replica.';

CREATE FUNCTION tap.outcome(
    p_role text,
    p_who  text,
    p_sql  text
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tap.run_as(p_role, p_who, p_sql);
    RAISE EXCEPTION USING ERRCODE = 'TAPOK', MESSAGE = 'ok';
EXCEPTION
    WHEN SQLSTATE 'TAPOK' THEN
        RETURN 'ok';
    WHEN OTHERS THEN
        RETURN SQLSTATE || ' ' || SQLERRM;
END
$function$;

COMMENT ON FUNCTION tap.outcome(text, text, text) IS
    'What a statement comes to as tap.run_as would run it: `ok`, or SQLSTATE and message. What it did is undone.';

CREATE FUNCTION tap.answer(
    p_role text,
    p_who  text,
    p_sql  text
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_answer text;
BEGIN
    PERFORM tap.act_as(p_who, p_role);
    EXECUTE p_sql INTO v_answer;
    PERFORM tap.act_as_superuser();
    RETURN v_answer;
END
$function$;

COMMENT ON FUNCTION tap.answer(text, text, text) IS
    'The one value that a query gives to p_who in the database role p_role, as text.';

CREATE FUNCTION tap.refuses(
    p_table    text,
    p_role     text,
    p_who      text,
    p_commands text[],
    p_message  text DEFAULT NULL
)
    RETURNS SETOF text
    LANGUAGE sql
    VOLATILE
    SET search_path = tap, pg_catalog, pg_temp
AS $function$
    SELECT tap.throws_ok(
        format('SELECT tap.run_as(%L, %L, %L)', p_role, p_who, format(
            CASE c.command
                WHEN 'SELECT' THEN 'SELECT FROM %s'
                WHEN 'INSERT' THEN 'INSERT INTO %s DEFAULT VALUES'
                WHEN 'UPDATE' THEN 'UPDATE %s SET ' || c.a_column || ' = ' || c.a_column
                WHEN 'DELETE' THEN 'DELETE FROM %s'
                WHEN 'TRUNCATE' THEN 'TRUNCATE %s CASCADE'
            END, p_table)),
        '42501',
        coalesce(p_message, 'permission denied for table ' || split_part(p_table, '.', 2)),
        format('%s refuses %s to %s%s', p_table, c.command, p_role, ', ' || p_who))
    FROM (
        SELECT x.command, (
            SELECT quote_ident(a.attname)
            FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = p_table::regclass
              AND a.attnum = 1
        ) AS a_column
        FROM unnest(p_commands) AS x (command)
    ) AS c
$function$;

COMMENT ON FUNCTION tap.refuses(text, text, text, text[], text) IS
    'A throws_ok for each command on the table: the role lacks the privilege, or p_message says what stops it.';

CREATE FUNCTION tap.plan_of(p_sql text)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || p_sql INTO v_plan;
    RETURN v_plan;
END
$function$;

COMMENT ON FUNCTION tap.plan_of(text) IS 'The plan of a query, as JSON text.';

CREATE FUNCTION tap.bounded(
    p_table   text,
    p_key     text,
    p_role    text,
    p_readers text[] DEFAULT tap.roles()
)
    RETURNS SETOF text
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = tap, pg_catalog, pg_temp
AS $function$
DECLARE
    v_query text := format('SELECT array_agg(t.%1$I ORDER BY t.%1$I) FROM %2$s AS t',
                           p_key, p_table);
    v_own   text;
    v_other text;
    v_who   text;
BEGIN
    EXECUTE v_query || ' WHERE t.yacht_id = tap.id(''yacht'')' INTO v_own;
    EXECUTE v_query || ' WHERE t.yacht_id = tap.id(''other yacht'')' INTO v_other;
    RETURN NEXT tap.ok(v_own IS NOT NULL AND v_other IS NOT NULL AND v_own <> v_other,
                       format('%s: both yachts have rows for %s to see', p_table, p_role));
    FOREACH v_who IN ARRAY tap.roles() || ARRAY['stranger', 'dismissed', 'expired', 'future',
                                                'nobody', NULL]
    LOOP
        RETURN NEXT tap.is(
            tap.answer(p_role, v_who, v_query),
            CASE
                WHEN v_who = ANY (p_readers) THEN v_own
                WHEN v_who = 'stranger' THEN v_other
            END,
            format('%s as %s: %s sees %s', p_table, p_role,
                   coalesce(v_who, 'a token without a person'),
                   CASE
                       WHEN v_who = ANY (p_readers) THEN 'the rows of the own yacht alone'
                       WHEN v_who = 'stranger' THEN 'the rows of the other yacht alone'
                       ELSE 'nothing'
                   END));
    END LOOP;
END
$function$;

COMMENT ON FUNCTION tap.bounded(text, text, text, text[]) IS
    'Eighteen tests: which rows of a table each person of the fleet sees in a database role. p_key: a column that tells rows apart; p_readers: the roles that see the rows of their yacht.';
