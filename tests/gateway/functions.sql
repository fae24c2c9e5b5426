-- Functions that show the protocol, each one thing of it. No product SQL is needed.

CREATE TABLE public.counters (
    name  text    PRIMARY KEY,
    value integer NOT NULL,
    -- Counters that only count stay out of each other's way.
    large integer GENERATED ALWAYS AS (CASE WHEN value > 500 THEN value END) STORED,
    CONSTRAINT even_at_commit UNIQUE (large) DEFERRABLE INITIALLY DEFERRED
);

CREATE FUNCTION public.add(p_name text, p_amount integer DEFAULT 1, p_idempotency_key text DEFAULT NULL)
    RETURNS jsonb LANGUAGE sql SECURITY DEFINER
AS $$
    INSERT INTO public.counters AS c (name, value)
    VALUES (p_name, p_amount)
    ON CONFLICT (name) DO UPDATE SET value = c.value + p_amount
    RETURNING jsonb_build_object('name', c.name, 'value', c.value)
$$;

CREATE FUNCTION public.add_slowly(p_name text, p_seconds double precision, p_idempotency_key text DEFAULT NULL)
    RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
AS $$
BEGIN
    PERFORM pg_sleep(p_seconds);
    RETURN public.add(p_name);
END
$$;

CREATE FUNCTION public.counted(p_name text)
    RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER
AS $$ SELECT c.value FROM public.counters AS c WHERE c.name = p_name $$;

CREATE FUNCTION public.process_id()
    RETURNS integer LANGUAGE sql VOLATILE AS $$ SELECT pg_backend_pid() $$;

CREATE FUNCTION public.echo(p_text text DEFAULT NULL, p_number integer DEFAULT 1, p_json jsonb DEFAULT NULL, p_list integer[] DEFAULT NULL)
    RETURNS jsonb LANGUAGE sql STABLE
AS $$ SELECT jsonb_build_object('text', p_text, 'number', p_number, 'json', p_json, 'list', p_list) $$;

CREATE FUNCTION public.needs(p_required text, p_optional text DEFAULT NULL)
    RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT to_jsonb(p_required) $$;

CREATE FUNCTION public.context()
    RETURNS jsonb LANGUAGE sql VOLATILE
AS $$
    SELECT jsonb_object_agg(n, current_setting(n, true))
    FROM unnest(ARRAY[
        'request.method', 'request.path', 'request.headers', 'request.jwt.claims', 'role',
        'search_path', 'transaction_read_only', 'transaction_isolation', 'statement_timeout',
        'response.status'
    ]) AS n
$$;

CREATE FUNCTION public.stable_context()
    RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT public.context() $$;

CREATE FUNCTION public.serial_context()
    RETURNS jsonb LANGUAGE sql VOLATILE SET default_transaction_isolation = 'serializable'
AS $$ SELECT public.context() $$;

CREATE FUNCTION public.impatient(p_seconds double precision)
    RETURNS jsonb LANGUAGE plpgsql VOLATILE SET statement_timeout = '200ms'
AS $$ BEGIN PERFORM pg_sleep(p_seconds); RETURN 'true'; END $$;

CREATE FUNCTION public.answer(p_status text DEFAULT NULL, p_headers text DEFAULT NULL, p_body jsonb DEFAULT '{"ok": true}', p_session boolean DEFAULT false)
    RETURNS jsonb LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF p_status IS NOT NULL THEN
        PERFORM set_config('response.status', p_status, NOT p_session);
    END IF;
    IF p_headers IS NOT NULL THEN
        PERFORM set_config('response.headers', p_headers, NOT p_session);
    END IF;
    RETURN p_body;
END
$$;

CREATE FUNCTION public.switched_off(p_text text DEFAULT NULL)
    RETURNS jsonb LANGUAGE sql STABLE
AS $$ SELECT public.answer('404', NULL, '{"code": "feature_disabled", "message": "Off"}') $$;

CREATE FUNCTION public.raise(p_state text, p_message text DEFAULT 'message', p_detail text DEFAULT 'detail', p_hint text DEFAULT 'hint')
    RETURNS jsonb LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    IF p_detail IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = p_state, MESSAGE = p_message;
    END IF;
    RAISE EXCEPTION USING ERRCODE = p_state, MESSAGE = p_message, DETAIL = p_detail, HINT = p_hint;
END
$$;

CREATE SEQUENCE public.attempts;
-- A sequence keeps its value when the transaction is rolled back.
CREATE FUNCTION public.fails_until(p_attempt integer, p_state text)
    RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER
AS $$
DECLARE v_attempt bigint := nextval('public.attempts');
BEGIN
    IF v_attempt < p_attempt THEN
        RAISE EXCEPTION USING ERRCODE = p_state, MESSAGE = 'again';
    END IF;
    RETURN to_jsonb(v_attempt);
END
$$;

CREATE FUNCTION public.nap(p_seconds double precision)
    RETURNS jsonb LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM pg_sleep(p_seconds); RETURN 'true'; END $$;

CREATE FUNCTION public.hidden() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT 'true'::jsonb $$;
REVOKE ALL ON FUNCTION public.hidden() FROM PUBLIC;

CREATE FUNCTION public.blob(p_size integer) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT to_jsonb(repeat('x', p_size)) $$;
CREATE FUNCTION public.length_of(p_text text) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT to_jsonb(length(p_text)) $$;
CREATE FUNCTION public.spaced() RETURNS json LANGUAGE sql STABLE AS $$ SELECT '{"b" :  1,"a":2}'::json $$;
CREATE FUNCTION public.nothing() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT NULL::jsonb $$;
CREATE FUNCTION public.words() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'a "word"' $$;
CREATE FUNCTION public.no_value() RETURNS void LANGUAGE sql AS $$ $$;
CREATE FUNCTION public.numbers(p_count integer DEFAULT 2) RETURNS SETOF integer LANGUAGE sql STABLE AS $$ SELECT generate_series(1, p_count) $$;
CREATE FUNCTION public.rows(p_count integer DEFAULT 2) RETURNS TABLE (a integer, b text) LANGUAGE sql STABLE AS $$ SELECT g, 'x' FROM generate_series(1, p_count) AS g $$;
CREATE FUNCTION public.pair(OUT a integer, OUT b text) LANGUAGE sql STABLE AS $$ SELECT 1, 'x' $$;
CREATE FUNCTION public.x_rows() RETURNS TABLE (x integer, b text) LANGUAGE sql STABLE AS $$ SELECT 1, NULL::text $$;
CREATE FUNCTION public.x_pair(OUT x integer, OUT b text) LANGUAGE sql STABLE AS $$ SELECT 1, 'x' $$;
CREATE FUNCTION public.many(VARIADIC p_values text[]) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT to_jsonb(p_values) $$;
CREATE FUNCTION public.twice(p_a integer) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT 'true'::jsonb $$;
CREATE FUNCTION public.twice(p_a integer, p_b integer DEFAULT 1) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT 'true'::jsonb $$;
CREATE FUNCTION public."odd ""name"(p_a integer) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT to_jsonb(p_a) $$;
CREATE FUNCTION public.padded(p_char character(3), p_bit bit(3) DEFAULT NULL, p_chars character(3)[] DEFAULT NULL)
    RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT jsonb_build_array(p_char, p_bit, p_chars) $$;
CREATE FUNCTION public.twice_padded(p_a character) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT 'true'::jsonb $$;
CREATE FUNCTION public.twice_padded(p_a character, p_b bit DEFAULT NULL) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT 'true'::jsonb $$;
CREATE FUNCTION public.first_of(p_a integer) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT to_jsonb(p_a) $$;
CREATE FUNCTION public.first_of(p_a integer, VARIADIC p_more integer[]) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT to_jsonb(p_more) $$;
CREATE FUNCTION public.some(VARIADIC p_values integer[] DEFAULT '{1}') RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT to_jsonb(p_values) $$;
CREATE FUNCTION public.record() RETURNS record LANGUAGE sql STABLE AS $$ SELECT 1, 'x' $$;
CREATE FUNCTION public.records(p_count integer DEFAULT 2) RETURNS SETOF record LANGUAGE sql STABLE AS $$ SELECT g, 'x' FROM generate_series(1, p_count) AS g $$;
CREATE FUNCTION public.no_value_but(p_status text) RETURNS void LANGUAGE sql AS $$ SELECT set_config('response.status', p_status, true) $$;
CREATE FUNCTION public.fires() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION public.wide(p_a integer DEFAULT 0, p_b integer DEFAULT 0, p_c integer DEFAULT 0, p_d integer DEFAULT 0, p_e integer DEFAULT 0, p_f integer DEFAULT 0, p_g integer DEFAULT 0, p_h integer DEFAULT 0, p_i integer DEFAULT 0)
    RETURNS integer LANGUAGE sql STABLE AS $$ SELECT p_a + p_b + p_c + p_d + p_e + p_f + p_g + p_h + p_i $$;

CREATE FUNCTION public.modes()
    RETURNS jsonb LANGUAGE sql VOLATILE
AS $$
    SELECT jsonb_object_agg(n, current_setting(n, true))
    FROM unnest(ARRAY['role', 'transaction_read_only', 'transaction_isolation', 'statement_timeout', 'timezone']) AS n
$$;
CREATE FUNCTION public.stable_modes() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT public.modes() $$;
CREATE FUNCTION public.serial_modes() RETURNS jsonb LANGUAGE sql VOLATILE SET default_transaction_isolation = 'serializable' AS $$ SELECT public.modes() $$;
CREATE FUNCTION public.timed_modes() RETURNS jsonb LANGUAGE sql VOLATILE SET statement_timeout = '9s' AS $$ SELECT public.modes() $$;
-- What a session has set before is empty and not NULL: whether it has is nobody's business.
CREATE FUNCTION public.seen(p_text text DEFAULT NULL)
    RETURNS jsonb LANGUAGE sql STABLE
AS $$ SELECT jsonb_build_array(current_setting('request.method'), current_setting('request.path'), nullif(current_setting('response.status', true), ''), p_text) $$;
CREATE FUNCTION public.cookies() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT current_setting('request.cookies')::jsonb $$;
CREATE FUNCTION public.claims() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT current_setting('request.jwt.claims')::jsonb $$;
CREATE FUNCTION public.lost()
    RETURNS jsonb LANGUAGE plpgsql STABLE
AS $$
BEGIN
    PERFORM set_config('response.status', '201', true), set_config('response.headers', '[{"X-A":"1"}]', true);
    RAISE EXCEPTION 'lost';
END
$$;
-- Writes, and returns so many rows.
CREATE FUNCTION public.add_rows(p_name text, p_amount integer, p_rows integer)
    RETURNS SETOF integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER
AS $$
BEGIN
    PERFORM public.add(p_name, p_amount);
    RETURN QUERY SELECT generate_series(1, p_rows);
END
$$;
CREATE FUNCTION public.nap_with_key(p_seconds double precision, p_idempotency_key text)
    RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$ BEGIN PERFORM pg_sleep(p_seconds); RETURN 'true'; END $$;
