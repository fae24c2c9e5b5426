-- Rows for tests of what a row can be.

CREATE FUNCTION tap.copy_of(
    p_table   text,
    p_row     text,
    p_changes jsonb DEFAULT '{}'
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_row     jsonb;
    v_columns text;
BEGIN
    EXECUTE format('SELECT to_jsonb(t) FROM %s AS t WHERE %s LIMIT 1', p_table, p_row)
    INTO STRICT v_row;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    INTO v_columns
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = p_table::regclass
      AND a.attnum > 0
      AND NOT a.attisdropped
      AND a.attgenerated = '';
    RETURN format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE
                   SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, %3$L)',
                  p_table, v_columns, v_row || p_changes);
END
$function$;

COMMENT ON FUNCTION tap.copy_of(text, text, jsonb) IS
    'The statement that inserts a copy of the row t for which p_row is true, with some columns changed; an error where there is none.';

CREATE FUNCTION tap.rows_everywhere()
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO public.pms_part_usage
        (yacht_id, usage_id, stock_id, part_id, quantity, quantity_change, work_order, used_by,
         used_at)
    VALUES (tap.id('yacht'), tap.id('usage'), tap.id('filter in locker'), tap.id('filter'), 3, -3,
            'WO-1', tap.id('crew'), now());
    INSERT INTO public.pms_shopping_list_items (yacht_id, item_id, part_id, quantity, requested_by)
    VALUES (tap.id('yacht'), tap.id('item'), tap.id('filter'), 5, tap.id('crew'));
    INSERT INTO public.pms_part_locations (yacht_id, location_id, name)
    VALUES (tap.id('yacht'), tap.id('attic'), 'Attic');
    INSERT INTO public.pms_audit_log (yacht_id, audit_id, created_at, action, outcome)
    VALUES (tap.id('yacht'), tap.id('audit'), '2026-01-01', 'a', 'ok');
    INSERT INTO private.denied_attempts (user_id, minute, yacht_id, action)
    VALUES (tap.id('stranger'), '2026-01-01 00:00+00', tap.id('yacht'), 'a');
    INSERT INTO private.request_keys (yacht_id, idempotency_key, actor_id, action, arguments_sha256)
    VALUES (tap.id('yacht'), 'key', tap.id('crew'), 'a', sha256(''));
    INSERT INTO private.enrolment_codes (yacht_id, user_id, code_sha256, expires_at)
    VALUES (tap.id('yacht'), tap.id('crew'), sha256(''), now());
    INSERT INTO private.signing_failures (user_id, action) VALUES (tap.id('crew'), 'a');
    INSERT INTO private.signing_credentials (user_id, pin_hash, totp_secret, key_id)
    VALUES (tap.id('crew'), '$2a$04$' || repeat('x', 53), '', 'key');
    INSERT INTO private.canary_windows
        (instance_id, started_at, ended_at, is_last, calls, successes, server_errors, errors,
         violations, latency, actions)
    VALUES (tap.id('gateway'), '2026-01-01', '2026-01-02', false, 9, 5, 1, 2, 1, '{}', '{}');
    INSERT INTO private.canary_decisions
        (flag_name, decision, cause, percentage_before, percentage_after, figures, actor, is_watched,
         decided_at, newest_at)
    VALUES ('part_lens_v2', 'hold', 'a', 5, 5, '{}', 'a', true, now(), now());
    INSERT INTO private.reconciliations (ran_at, stocks, drifting, repaired) VALUES (now(), 5, 3, 2);
    INSERT INTO master.tenants (tenant_key_alias, name) VALUES ('FLEET', 'Fleet');
    INSERT INTO master.yachts (yacht_id, tenant_key_alias, name)
    VALUES (tap.id('yacht'), 'FLEET', 'Yacht');
    INSERT INTO master.user_accounts (user_id, tenant_key_alias) VALUES (tap.id('crew'), 'FLEET');

    -- A table with checks still to come cannot be altered.
    SET CONSTRAINTS ALL IMMEDIATE;
END
$function$;

COMMENT ON FUNCTION tap.rows_everywhere() IS
    'After tap.fleet(): a row in every table that this leaves empty, faultless, on `yacht` where it has one.';
