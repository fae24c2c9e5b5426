-- Calls of RPCs in the name of a person, with their traces, and a yacht with every kind of part
-- that they may meet.

-- Heads of department and above.
CREATE FUNCTION tap.heads()
    RETURNS text[]
    LANGUAGE sql
    IMMUTABLE
AS $function$
    SELECT ARRAY['eto', 'chief_engineer', 'chief_officer', 'chief_steward', 'purser', 'captain',
                 'manager']
$function$;

-- Two yachts with people, locations, parts and stocks.
--
--   people     one of each role; 'both' (captain on both yachts), 'double' (crew and purser);
--              'dismissed', 'future', 'expired' (roles that do not count); 'stranger' (captain of
--              'other yacht'); anyone else is on no yacht
--   locations  'engine room' > 'locker 1', 'locker 2'; 'attic' (deactivated);
--              'other locker' (other yacht)
--   parts      'filter'  min 4, max 20, critical, primary 'locker 1':
--                        'filter in locker 1' 10, 'filter in locker 2' 5
--              'belt'    no primary, one stock: 'belt in locker 2' 3
--              'seal'    no primary, 'seal in locker 1' 1, 'seal in locker 2' 1
--              'bolt'    no primary, no stock
--              'gasket'  primary 'locker 1', no stock
--              'relic'   deactivated: 'relic in locker 1' 2
--              'lamp'    primary 'attic': 'lamp in attic' 1
--              'other filter' (other yacht): 'other filter in other locker' 7
CREATE FUNCTION tap.fixture()
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
AS $function$
BEGIN
    PERFORM tap.act_as_superuser();

    INSERT INTO public.yacht_registry (yacht_id, name)
    VALUES (tap.id('yacht'), 'Quillfeather'), (tap.id('other yacht'), 'Saltmarsh Lark');

    INSERT INTO public.auth_users_roles (user_id, yacht_id, role)
    SELECT tap.id(r.role), tap.id('yacht'), r.role
    FROM unnest(tap.roles()) AS r (role)
    UNION ALL
    VALUES
        (tap.id('both'), tap.id('yacht'), 'captain'),
        (tap.id('both'), tap.id('other yacht'), 'captain'),
        (tap.id('double'), tap.id('yacht'), 'crew'),
        (tap.id('double'), tap.id('yacht'), 'purser'),
        (tap.id('stranger'), tap.id('other yacht'), 'captain');
    INSERT INTO public.auth_users_roles
        (user_id, yacht_id, role, is_active, valid_from, valid_until)
    VALUES
        (tap.id('dismissed'), tap.id('yacht'), 'captain', false, now() - interval '1 year', NULL),
        (tap.id('future'), tap.id('yacht'), 'captain', true, now() + interval '1 day', NULL),
        (tap.id('expired'), tap.id('yacht'), 'captain', true, now() - interval '1 year', now());

    INSERT INTO public.pms_part_locations
        (yacht_id, location_id, parent_location_id, name, deleted_at)
    VALUES
        (tap.id('yacht'), tap.id('engine room'), NULL, 'Engine room', NULL),
        (tap.id('yacht'), tap.id('locker 1'), tap.id('engine room'), 'Locker 1', NULL),
        (tap.id('yacht'), tap.id('locker 2'), tap.id('engine room'), 'Locker 2', NULL),
        (tap.id('yacht'), tap.id('attic'), NULL, 'Attic', NULL),
        (tap.id('other yacht'), tap.id('other locker'), NULL, 'Other locker', NULL);

    INSERT INTO public.pms_parts
        (yacht_id, part_id, part_number, name, manufacturer, unit, barcode, min_level, max_level,
         is_critical, primary_location_id)
    VALUES
        (tap.id('yacht'), tap.id('filter'), 'RAC-2010', 'Fuel filter element', 'Racor', 'pcs',
         '4006633200103', 4, 20, true, tap.id('locker 1')),
        (tap.id('yacht'), tap.id('belt'), 'GAT-6PK', 'V-ribbed belt', 'Gates', 'pcs', NULL, 2, NULL,
         false, NULL),
        (tap.id('yacht'), tap.id('seal'), 'SKF-25', 'Shaft seal', 'SKF', 'pcs', NULL, 0, NULL,
         false, NULL),
        (tap.id('yacht'), tap.id('bolt'), 'M8-40', 'Hex bolt M8', NULL, 'box', NULL, 0, NULL, false,
         NULL),
        (tap.id('yacht'), tap.id('gasket'), 'CAT-77', 'Head gasket', 'Caterpillar', 'set', NULL, 1,
         1, true, tap.id('locker 1')),
        (tap.id('yacht'), tap.id('relic'), 'OLD-1', 'Loran receiver', NULL, 'pcs', NULL, 5, NULL,
         false, tap.id('locker 1')),
        (tap.id('yacht'), tap.id('lamp'), 'LMP-1', 'Navigation lamp', 'Aqua Signal', 'pcs', NULL, 0,
         NULL, false, tap.id('attic')),
        (tap.id('other yacht'), tap.id('other filter'), 'RAC-2010', 'Fuel filter element', 'Racor',
         'pcs', '4006633200103', 8, NULL, false, tap.id('other locker'));

    INSERT INTO public.pms_inventory_stock (yacht_id, stock_id, part_id, location_id)
    SELECT s.yacht_id, tap.id(s.part || ' in ' || s.location), tap.id(s.part), tap.id(s.location)
    FROM (VALUES
        (tap.id('yacht'), 'filter', 'locker 1'),
        (tap.id('yacht'), 'filter', 'locker 2'),
        (tap.id('yacht'), 'belt', 'locker 2'),
        (tap.id('yacht'), 'seal', 'locker 1'),
        (tap.id('yacht'), 'seal', 'locker 2'),
        (tap.id('yacht'), 'relic', 'locker 1'),
        (tap.id('yacht'), 'lamp', 'attic'),
        (tap.id('other yacht'), 'other filter', 'other locker')
    ) AS s (yacht_id, part, location);
    INSERT INTO public.pms_inventory_transactions
        (yacht_id, transaction_id, stock_id, quantity_change, transaction_type)
    SELECT m.yacht_id, tap.id('opening of ' || m.stock), tap.id(m.stock), m.quantity, 'opening'
    FROM (VALUES
        (tap.id('yacht'), 'filter in locker 1', 10),
        (tap.id('yacht'), 'filter in locker 2', 5),
        (tap.id('yacht'), 'belt in locker 2', 3),
        (tap.id('yacht'), 'seal in locker 1', 1),
        (tap.id('yacht'), 'seal in locker 2', 1),
        (tap.id('yacht'), 'relic in locker 1', 2),
        (tap.id('yacht'), 'lamp in attic', 1),
        (tap.id('other yacht'), 'other filter in other locker', 7)
    ) AS m (yacht_id, stock, quantity);

    UPDATE public.pms_parts AS p
    SET deleted_at = now()
    WHERE p.yacht_id = tap.id('yacht')
      AND p.part_id = tap.id('relic');
    UPDATE public.pms_part_locations AS l
    SET deleted_at = now()
    WHERE l.yacht_id = tap.id('yacht')
      AND l.location_id = tap.id('attic');
END
$function$;

-- What may be on a shopping list, five filters each unless said: 'requested', 'approved', 'ordered',
-- 'half' (ordered, two have arrived), 'received', 'rejected'; 'old item' (requested of the relic, which
-- is deactivated), 'other item' (ordered on the other yacht). Needs tap.fixture().
CREATE FUNCTION tap.shopping_list()
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
AS $function$
BEGIN
    INSERT INTO public.pms_shopping_list_items
        (yacht_id, item_id, part_id, status, quantity, requested_by, decided_by, ordered_by)
    SELECT tap.id(i.yacht), tap.id(i.item), tap.id(i.part), i.status, 5, tap.id('crew'),
           CASE WHEN i.status <> 'requested' THEN tap.id('captain') END,
           CASE WHEN i.status = 'ordered' THEN tap.id('captain') END
    FROM (VALUES
        ('yacht', 'requested', 'filter', 'requested'),
        ('yacht', 'approved', 'filter', 'approved'),
        ('yacht', 'ordered', 'filter', 'ordered'),
        ('yacht', 'half', 'filter', 'ordered'),
        ('yacht', 'received', 'filter', 'ordered'),
        ('yacht', 'rejected', 'filter', 'rejected'),
        ('yacht', 'old item', 'relic', 'requested'),
        ('other yacht', 'other item', 'other filter', 'ordered')
    ) AS i (yacht, item, part, status);
    INSERT INTO public.pms_inventory_transactions
        (yacht_id, transaction_id, stock_id, quantity_change, transaction_type, item_id)
    SELECT tap.id('yacht'), tap.id('delivery of ' || d.item), tap.id('filter in locker 1'),
           d.quantity, 'received', tap.id(d.item)
    FROM (VALUES ('half', 2), ('received', 5)) AS d (item, quantity);
    UPDATE public.pms_shopping_list_items AS i
    SET quantity_received = t.quantity_change,
        status = CASE t.quantity_change WHEN 5 THEN 'received' ELSE 'ordered' END,
        received_transaction_id = t.transaction_id
    FROM public.pms_inventory_transactions AS t
    WHERE t.yacht_id = i.yacht_id
      AND t.item_id = i.item_id;
END
$function$;

-- Who signs in a test has the PIN 271828 and a secret that follows from the name.
CREATE FUNCTION tap.secret(p_who text)
    RETURNS bytea
    LANGUAGE sql
    IMMUTABLE
AS $function$
    SELECT substr(sha256(convert_to(p_who, 'UTF8')), 1, 20)
$function$;

CREATE FUNCTION tap.enrol(
    p_who          text,
    p_is_confirmed boolean DEFAULT true
)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
AS $function$
BEGIN
    INSERT INTO private.signing_credentials
        (user_id, is_confirmed, pin_hash, totp_secret, key_id)
    SELECT
        tap.id(p_who), p_is_confirmed, extensions.crypt('271828', extensions.gen_salt('bf', 4)),
        extensions.pgp_sym_encrypt_bytea(tap.secret(p_who), k.key), k.key_id
    FROM private.totp_key() AS k
    ON CONFLICT DO NOTHING;
END
$function$;

-- A good signature of somebody, as often as it is asked for: the codes that a test used are made older.
CREATE FUNCTION tap.signature(p_who text)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
AS $function$
BEGIN
    UPDATE private.signatures AS s
    SET totp_step = -n.older
    FROM (
        SELECT g.signature_id,
               row_number() OVER () + (SELECT count(*) FROM private.signatures AS c) AS older
        FROM private.signatures AS g
        WHERE g.user_id = tap.id(p_who)
          AND g.totp_step > 0
    ) AS n
    WHERE s.signature_id = n.signature_id;
    RETURN jsonb_build_object('pin', '271828', 'totp', private.hotp(
        tap.secret(p_who), floor(extract(epoch FROM clock_timestamp()) / 30)::bigint));
END
$function$;

-- The arguments with a good signature, where the RPC must have one and they say nothing of it.
CREATE FUNCTION tap.signed(
    p_who       text,
    p_function  text,
    p_arguments jsonb
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
AS $function$
BEGIN
    IF p_function = 'confirm_signature' AND NOT p_arguments ? 'p_totp' THEN
        PERFORM tap.enrol(p_who, false);
        RETURN p_arguments || jsonb_build_object('p_totp', tap.signature(p_who) -> 'totp');
    ELSIF p_arguments ?| ARRAY['p_signature', 'p_code'] OR NOT EXISTS (
        SELECT
        FROM private.action_registry AS a
        WHERE a.action = p_function
          AND (a.is_signed OR a.action = 'enroll_signature')
    ) THEN
        RETURN p_arguments;
    END IF;
    PERFORM tap.enrol(p_who);
    RETURN p_arguments || jsonb_build_object('p_signature', tap.signature(p_who));
END
$function$;

-- Calls of RPCs. tap.call('crew', 'consume_part', '{"p_part_id": …}') answers as the RPC does. Unless
-- given, p_yacht_id is the yacht of the fixture and p_idempotency_key a new key; 'anonymous' has no
-- token, 'service' no person, and whoever begins with '{' has these claims. The tester is the
-- superuser again afterwards, and tap.status() is the status of the answer.
CREATE FUNCTION tap.call(
    p_who       text,
    p_function  text,
    p_arguments jsonb DEFAULT '{}'
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
AS $function$
DECLARE
    v_given  jsonb := jsonb_build_object('p_yacht_id', tap.id('yacht')) || p_arguments;
    v_named  text;
    v_answer jsonb;
    v_number integer;
BEGIN
    v_given := tap.signed(p_who, p_function, v_given);
    IF NOT v_given ? 'p_idempotency_key' AND EXISTS (
        SELECT
        FROM pg_catalog.pg_proc AS f
        WHERE f.pronamespace = 'public'::regnamespace
          AND f.proname = p_function
          AND 'p_idempotency_key' = ANY (f.proargnames)
    ) THEN
        v_number := coalesce(nullif(current_setting('tap.key', true), ''), '0')::integer + 1;
        PERFORM set_config('tap.key', v_number::text, true);
        v_given := v_given || jsonb_build_object('p_idempotency_key', 'key ' || v_number);
    END IF;

    SELECT string_agg(format(
        CASE
            WHEN t.type = 'jsonb'::regtype THEN '%I => nullif($1 -> %L, ''null'')::%s'
            ELSE '%I => ($1 ->> %L)::%s'
        END, g.name, g.name, coalesce(t.type::regtype::text, 'text')), ', ')
    INTO v_named
    FROM jsonb_object_keys(v_given) AS g (name)
    LEFT JOIN (
        SELECT a.name, a.type
        FROM pg_catalog.pg_proc AS f
        CROSS JOIN unnest(f.proargnames, f.proargtypes::oid[]) AS a (name, type)
        WHERE f.pronamespace = 'public'::regnamespace
          AND f.proname = p_function
    ) AS t ON t.name = g.name;

    PERFORM set_config('response.status', '', true);
    CASE p_who
        WHEN 'anonymous' THEN PERFORM tap.act_as(NULL, 'anon');
        WHEN 'service' THEN PERFORM tap.act_as(NULL, 'service_role');
        ELSE PERFORM tap.act_as(p_who);
    END CASE;
    IF p_who LIKE '{%' THEN
        PERFORM set_config('request.jwt.claims', p_who, true);
    END IF;
    EXECUTE format('SELECT public.%I(%s)', p_function, v_named) INTO STRICT v_answer USING v_given;
    PERFORM set_config('tap.status', current_setting('response.status'), true);
    PERFORM tap.act_as_superuser();
    RETURN v_answer;
END
$function$;

CREATE FUNCTION tap.status()
    RETURNS integer
    LANGUAGE sql
    STABLE
AS $function$
    SELECT coalesce(nullif(current_setting('tap.status', true), '')::integer, 200)
$function$;

-- The same in a read-only transaction. The answer stays, all else is undone.
CREATE FUNCTION tap.call_read_only(
    p_who       text,
    p_function  text,
    p_arguments jsonb DEFAULT '{}'
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
AS $function$
DECLARE
    v_answer jsonb;
    v_status text;
BEGIN
    BEGIN
        PERFORM set_config('transaction_read_only', 'on', true);
        v_answer := tap.call(p_who, p_function, p_arguments);
        v_status := current_setting('tap.status');
        RAISE EXCEPTION USING ERRCODE = 'TAP00';
    EXCEPTION WHEN SQLSTATE 'TAP00' THEN
        PERFORM set_config('tap.status', v_status, true);
    END;
    RETURN v_answer;
END
$function$;

-- The newest movement of a stock, without ids and times, and the cache.
CREATE FUNCTION tap.newest_movement(p_stock_id uuid)
    RETURNS jsonb
    LANGUAGE sql
    STABLE
AS $function$
    SELECT jsonb_build_object(
        'seq', t.seq, 'on_hand_before', t.on_hand_before, 'quantity_change', t.quantity_change,
        'on_hand_after', t.on_hand_after, 'transaction_type', t.transaction_type,
        'actor_id', t.actor_id, 'actor_role', t.actor_role, 'idempotency_key', t.idempotency_key,
        'notes', t.notes, 'metadata', t.metadata, 'signature', t.signature, 'cached', s.quantity)
    FROM public.pms_inventory_transactions AS t
    JOIN public.pms_inventory_stock AS s
        ON s.yacht_id = t.yacht_id
       AND s.stock_id = t.stock_id
    WHERE t.stock_id = p_stock_id
    ORDER BY t.seq DESC
    LIMIT 1
$function$;

-- The newest row of the audit log, without id and time.
CREATE FUNCTION tap.newest_audit()
    RETURNS jsonb
    LANGUAGE sql
    STABLE
AS $function$
    SELECT to_jsonb(a) - ARRAY['audit_id', 'created_at']
    FROM public.pms_audit_log AS a
    ORDER BY a.created_at DESC, a.audit_id DESC
    LIMIT 1
$function$;

-- What an RPC may write besides the logs, as one hash per table.
CREATE FUNCTION tap.snapshot()
    RETURNS jsonb
    LANGUAGE plpgsql
    STABLE
AS $function$
DECLARE
    v_table    text;
    v_hash     text;
    v_snapshot jsonb := '{}';
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
        'public.yacht_registry', 'public.auth_users_roles', 'public.pms_parts',
        'public.pms_part_locations', 'public.pms_inventory_stock',
        'public.pms_inventory_transactions', 'public.pms_part_usage',
        'public.pms_shopping_list_items', 'private.part_search', 'private.part_words',
        'private.request_keys', 'private.signing_credentials', 'private.signing_failures',
        'private.enrolment_codes', 'private.signatures', 'private.action_registry', 'private.refusals']
    LOOP
        EXECUTE format(
            $$SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM %s AS t$$,
            v_table) INTO v_hash;
        v_snapshot := v_snapshot || jsonb_build_object(v_table, coalesce(v_hash, 'empty'));
    END LOOP;
    RETURN v_snapshot;
END
$function$;

-- The tables whose content differs from an earlier snapshot.
CREATE FUNCTION tap.changed_since(p_snapshot jsonb)
    RETURNS text[]
    LANGUAGE sql
    STABLE
AS $function$
    SELECT coalesce(array_agg(s.key ORDER BY s.key), '{}')
    FROM jsonb_each(tap.snapshot()) AS s
    WHERE s.value <> p_snapshot -> s.key
$function$;

-- A call and its traces: answer (details as JSON), status, tables that it changed, new rows of the
-- audit log, new attempts in private.denied_attempts.
CREATE FUNCTION tap.trace(
    p_who       text,
    p_function  text,
    p_arguments jsonb DEFAULT '{}'
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
AS $function$
DECLARE
    v_given    jsonb  := tap.signed(p_who, p_function, p_arguments);
    v_snapshot jsonb  := tap.snapshot();
    v_audit    uuid[] := ARRAY(SELECT a.audit_id FROM public.pms_audit_log AS a);
    v_denied   bigint := (SELECT coalesce(sum(d.attempts), 0) FROM private.denied_attempts AS d);
    v_answer   jsonb  := tap.call(p_who, p_function, v_given);
BEGIN
    IF jsonb_typeof(v_answer) = 'object' AND v_answer ? 'details' THEN
        v_answer := v_answer || jsonb_build_object('details', (v_answer ->> 'details')::jsonb);
    END IF;
    RETURN jsonb_build_object(
        'answer', v_answer,
        'status', tap.status(),
        'changed', tap.changed_since(v_snapshot),
        'audit', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'yacht_id', a.yacht_id, 'actor_id', a.actor_id, 'action', a.action,
                'outcome', a.outcome, 'error_code', a.error_code, 'signature', a.signature)), '[]')
            FROM public.pms_audit_log AS a
            WHERE a.audit_id <> ALL (v_audit)),
        'denied',
        (SELECT coalesce(sum(d.attempts), 0) FROM private.denied_attempts AS d) - v_denied);
END
$function$;

-- One test: the call is refused with this status, code and details, in the shape of PostgREST's
-- errors, leaves nothing but one audit row 'rejected', and its key is free.
CREATE FUNCTION tap.refuses(
    p_who         text,
    p_function    text,
    p_arguments   jsonb,
    p_status      integer,
    p_code        text,
    p_details     jsonb,
    p_description text
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
AS $function$
BEGIN
    RETURN tap.is(
        tap.trace(p_who, p_function, p_arguments),
        jsonb_build_object(
            'answer', (
                SELECT jsonb_build_object(
                    'code', p_code, 'message', r.message, 'details', p_details, 'hint', r.hint)
                FROM private.refusals AS r
                WHERE r.code = p_code),
            'status', p_status,
            'changed', '{}'::text[],
            'audit', jsonb_build_array(jsonb_build_object(
                'yacht_id', tap.id('yacht'), 'actor_id', tap.id(p_who), 'action', p_function,
                'outcome', 'rejected', 'error_code', p_code, 'signature', '{}'::jsonb)),
            'denied', 0),
        p_description);
END
$function$;

-- The same after the signature was accepted: its code is spent, and the audit row has the proof.
CREATE FUNCTION tap.refuses_signed(
    p_who         text,
    p_function    text,
    p_arguments   jsonb,
    p_status      integer,
    p_code        text,
    p_details     jsonb,
    p_description text
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
AS $function$
DECLARE
    v_trace jsonb := tap.trace(p_who, p_function, p_arguments);
BEGIN
    RETURN tap.is(
        jsonb_build_array(
            v_trace #- '{answer,message}' #- '{answer,hint}' #- '{audit}',
            v_trace #> '{audit,0,error_code}', v_trace #> '{audit,0,signature,signer_id}'),
        jsonb_build_array(
            jsonb_build_object(
                'answer', jsonb_build_object('code', p_code, 'details', p_details),
                'status', p_status, 'changed', ARRAY['private.signatures'], 'denied', 0),
            p_code, tap.id(p_who)),
        p_description);
END
$function$;

-- One test: whoever is not on the yacht gets not_on_yacht, which counts as one attempt and is in no
-- log of the yacht.
CREATE FUNCTION tap.denies(
    p_who         text,
    p_function    text,
    p_arguments   jsonb,
    p_description text
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
AS $function$
BEGIN
    RETURN tap.is(
        tap.trace(p_who, p_function, p_arguments),
        '{"answer": {"code": "not_on_yacht", "message": "You have no role on this yacht",
                     "details": null, "hint": "Ask a captain or manager of the yacht for a role."},
          "status": 403, "changed": [], "audit": [], "denied": 1}',
        p_description);
END
$function$;

-- 19 tests, or 18 where a service may: who may call an RPC and who may not. The arguments must be right
-- for the fixture.
CREATE FUNCTION tap.is_gated(
    p_function  text,
    p_arguments jsonb,
    p_roles     text[],
    p_service   boolean DEFAULT false
)
    RETURNS SETOF text
    LANGUAGE plpgsql
    VOLATILE
AS $function$
DECLARE
    v_role   text;
    v_answer jsonb;
BEGIN
    FOREACH v_role IN ARRAY tap.roles() LOOP
        IF v_role = ANY (p_roles) THEN
            BEGIN
                v_answer := tap.call(v_role, p_function, p_arguments);
                RAISE EXCEPTION USING ERRCODE = 'TAP00';
            EXCEPTION WHEN SQLSTATE 'TAP00' THEN
                NULL;
            END;
            RETURN NEXT tap.is(
                CASE WHEN jsonb_typeof(v_answer) = 'object' THEN v_answer ->> 'code' END,
                NULL::text,
                format('%s answers a person whose role is %s', p_function, v_role));
        ELSE
            RETURN NEXT tap.refuses(
                v_role, p_function, p_arguments, 403, 'role_not_allowed',
                jsonb_build_object('role', v_role),
                format('%s refuses a person whose role is %s', p_function, v_role));
        END IF;
    END LOOP;

    RETURN NEXT tap.denies('stranger', p_function, p_arguments,
        format('%s refuses a captain of another yacht', p_function));
    RETURN NEXT tap.denies('stranger', p_function,
        p_arguments || jsonb_build_object('p_yacht_id', tap.id('no yacht')),
        format('%s says the same of a yacht that does not exist', p_function));
    RETURN NEXT tap.denies('captain', p_function, p_arguments || '{"p_yacht_id": null}',
        format('%s says the same without a yacht', p_function));
    RETURN NEXT tap.denies('dismissed', p_function, p_arguments,
        format('%s does not count a role that is inactive', p_function));
    RETURN NEXT tap.denies('future', p_function, p_arguments,
        format('%s does not count a role that has not begun', p_function));
    RETURN NEXT tap.denies('expired', p_function, p_arguments,
        format('%s does not count a role that is over', p_function));
    RETURN NEXT tap.throws_ok(
        format('SELECT tap.call(''anonymous'', %L, %L)', p_function, p_arguments), '42501',
        'permission denied for function ' || p_function,
        format('%s is not executable without a token', p_function));
    IF p_service THEN
        RETURN;
    END IF;
    RETURN NEXT tap.throws_ok(
        format('SELECT tap.call(''service'', %L, %L)', p_function, p_arguments), '42501',
        'permission denied for function ' || p_function,
        format('%s is not executable by a service', p_function));
END
$function$;

-- 9 tests: which signatures of the captain an RPC takes. The arguments must be right for the fixture; a
-- busy signature takes two connections, and is tested with those.
CREATE FUNCTION tap.is_signed(
    p_function  text,
    p_arguments jsonb
)
    RETURNS SETOF text
    LANGUAGE plpgsql
    VOLATILE
AS $function$
DECLARE
    v_case  record;
    v_trace jsonb;
    v_good  jsonb;
BEGIN
    PERFORM tap.enrol('captain');
    DELETE FROM private.signing_failures AS f;
    v_good := tap.signature('captain');
    INSERT INTO private.signatures
        (yacht_id, user_id, totp_step, action, payload_sha256, signed_at)
    SELECT tap.id('yacht'), tap.id('captain'), n.step + g.step, 'test', repeat('0a', 32), now()
    FROM (SELECT floor(extract(epoch FROM clock_timestamp()) / 30)::bigint AS step) AS n
    CROSS JOIN generate_series(-2, 2) AS g (step);
    FOR v_case IN
        SELECT w.signature, w.what
        FROM (VALUES
            (v_good || '{"pin": "271829"}', 'a wrong PIN'),
            (v_good || '{"totp": "27182"}', 'a wrong code'),
            (v_good, 'a code that was used')
        ) AS w (signature, what)
    LOOP
        v_trace := tap.trace('captain', p_function,
            p_arguments || jsonb_build_object('p_signature', v_case.signature));
        RETURN NEXT tap.is(
            v_trace #- '{answer,message}' #- '{answer,hint}' #- '{audit}'
            || jsonb_build_object('audit', v_trace #> '{audit,0,signature}'),
            '{"answer": {"code": "invalid_signature", "details": null}, "status": 403,
              "changed": ["private.signing_failures"], "denied": 0, "audit": {}}',
            format('%s refuses %s, and says no more', p_function, v_case.what));
    END LOOP;

    INSERT INTO private.signing_failures (user_id, action, failed_at)
    VALUES (tap.id('captain'), 'test', clock_timestamp() - interval '16 minutes'),
           (tap.id('captain'), 'test', clock_timestamp() - interval '14 minutes');
    RETURN NEXT tap.is(
        tap.call('captain', p_function,
            p_arguments || jsonb_build_object('p_signature', v_good)) ->> 'code',
        'invalid_signature',
        format('%s takes a fifth try within 15 minutes', p_function));
    v_good := tap.signature('captain');
    RETURN NEXT tap.refuses('captain', p_function,
        p_arguments || jsonb_build_object('p_signature', v_good), 423, 'signature_locked', NULL,
        format('%s takes no sixth, not even a good one', p_function));
    UPDATE private.signing_failures AS f
    SET failed_at = f.failed_at - interval '15 minutes';
    UPDATE private.signing_credentials AS c
    SET key_id = 'gone'
    WHERE c.user_id = tap.id('captain');
    DELETE FROM private.signing_credentials AS c
    WHERE NOT c.is_confirmed;
    RETURN NEXT tap.refuses('captain', p_function,
        p_arguments || jsonb_build_object('p_signature', v_good), 409, 'signing_key_missing', NULL,
        format('%s says it when the key is gone', p_function));
    UPDATE private.signing_credentials AS c
    SET is_confirmed = false
    WHERE c.user_id = tap.id('captain');
    RETURN NEXT tap.refuses('captain', p_function,
        p_arguments || jsonb_build_object('p_signature', v_good), 403, 'signature_not_enrolled', NULL,
        format('%s takes no signature of an enrolment that is not confirmed', p_function));
    DELETE FROM private.signing_credentials AS c
    WHERE c.user_id = tap.id('captain');
    RETURN NEXT tap.refuses('captain', p_function,
        p_arguments || jsonb_build_object('p_signature', v_good), 403, 'signature_not_enrolled', NULL,
        format('%s refuses who is not enrolled', p_function));

    PERFORM tap.enrol('captain');
    RETURN NEXT tap.is(
        tap.call('captain', p_function,
            p_arguments || jsonb_build_object('p_signature', tap.signature('captain')))
            ->> 'success',
        'true',
        format('%s takes a good signature again after 15 minutes', p_function));
END
$function$;

-- 7 tests: the shape of an RPC.
CREATE FUNCTION tap.is_rpc(
    p_function   text,
    p_types      text[],
    p_volatility text
)
    RETURNS SETOF text
    LANGUAGE plpgsql
    VOLATILE
AS $function$
BEGIN
    RETURN NEXT tap.has_function('public', p_function, p_types,
        format('%s takes the arguments of its contract', p_function));
    RETURN NEXT tap.function_returns('public', p_function, p_types, 'jsonb',
        format('%s answers with one jsonb value', p_function));
    RETURN NEXT tap.volatility_is('public', p_function, p_types, p_volatility,
        format('%s is %s', p_function, p_volatility));
    RETURN NEXT tap.is_definer('public', p_function, p_types,
        format('%s runs with the rights of its owner', p_function));
    RETURN NEXT tap.function_owner_is('public', p_function, p_types, 'pms_rpc',
        format('%s belongs to pms_rpc', p_function));
    RETURN NEXT tap.function_privs_are('public', p_function, p_types, 'authenticated',
        ARRAY['EXECUTE'], format('%s is executable by a person', p_function));
    RETURN NEXT tap.is(
        (SELECT f.pronargdefaults + 1
         FROM pg_catalog.pg_proc AS f
         WHERE f.pronamespace = 'public'::regnamespace
           AND f.proname = p_function),
        cardinality(p_types),
        format('%s has a default for all but the yacht', p_function));
END
$function$;

-- Texts that are no cursor of any list.
CREATE FUNCTION tap.no_cursors()
    RETURNS TABLE (
        cursor text,
        what   text
    )
    LANGUAGE sql
    STABLE
AS $function$
    SELECT c.cursor, c.what
    FROM (VALUES
        ('', 'empty'),
        (' ', 'blank'),
        ('null', 'null in JSON'),
        ('=', 'a padding'),
        ('====', 'all padding'),
        ('a', 'one character of base64'),
        ('ab=c', 'padded in the middle'),
        ('não', 'not ASCII'),
        ('%00', 'a percent code'),
        (repeat('A', 100000), '100000 zero bits'),
        (private.encode_cursor(VARIADIC '{}'), 'an empty array'),
        (private.encode_cursor('1'), 'too short'),
        (private.encode_cursor('1', '2', '3', '4', '5', '6', '7'), 'too long'),
        (encode('{"a": 1}', 'base64'), 'an object'),
        (encode('7', 'base64'), 'a number'),
        (encode('"text"', 'base64'), 'a text'),
        (encode('[[1], [2], [3], [4]]', 'base64'), 'an array of arrays'),
        (encode('[1, 2', 'base64'), 'half an array'),
        (encode('[1e400000]', 'base64'), 'an array with a number of 400001 digits'),
        (encode(convert_to('["\u0000", "1", "1", "1"]', 'UTF8'), 'base64'), 'an array with a NUL'),
        (encode(convert_to('["\ud800", "1", "1", "1"]', 'UTF8'), 'base64'),
         'an array with half a surrogate pair'),
        (encode('\x00ff'::bytea, 'base64'), 'not UTF-8'),
        (encode('\xc3'::bytea, 'base64'), 'cut within a character'),
        (encode(convert_to(repeat('[', 100000), 'UTF8'), 'base64'), 'nested 100000 deep')
    ) AS c (cursor, what)
$function$;
