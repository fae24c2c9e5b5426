-- Deploy part_lens_tenant:open_call to pg
-- requires: action_registry
-- requires: call_answers

BEGIN;

-- private.argument_error: what is wrong with the arguments that RPCs share: one that is missing, or a
-- quantity, a limit, a time, notes or a seq that cannot be.

CREATE FUNCTION private.argument_error(
    p_given    jsonb,
    p_required text[]
)
    RETURNS jsonb
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_missing text;
BEGIN
    FOREACH v_missing IN ARRAY p_required LOOP
        IF NOT p_given ? v_missing THEN
            RETURN jsonb_build_object('argument', v_missing, 'reason', 'is required');
        END IF;
    END LOOP;

    RETURN CASE
        WHEN p_given -> 'p_quantity' NOT BETWEEN '1' AND '1000000' THEN
            jsonb_build_object('argument', 'p_quantity', 'quantity', p_given -> 'p_quantity')
        WHEN p_given -> 'p_limit' NOT BETWEEN '1' AND '500' THEN
            '{"argument": "p_limit", "reason": "is not a whole number from 1 to 500"}'
        WHEN (p_given ->> 'p_occurred_at')::timestamp = '-infinity' THEN
            '{"argument": "p_occurred_at", "reason": "is not finite"}'
        WHEN (p_given ->> 'p_occurred_at')::timestamp
             > clock_timestamp() AT TIME ZONE 'UTC' + interval '2 minutes' THEN
            '{"argument": "p_occurred_at", "reason": "lies in the future"}'
        WHEN length(p_given ->> 'p_notes') > 2000 THEN
            '{"argument": "p_notes", "reason": "is longer than 2000 characters"}'
        WHEN p_given -> 'p_expected_seq' < '0' THEN
            '{"argument": "p_expected_seq", "reason": "is negative"}'
    END;
END
$function$;

ALTER FUNCTION private.argument_error(jsonb, text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.argument_error(jsonb, text[]) IS
    '{"argument", "reason"} of the first argument that is missing or cannot be; NULL when all can. p_given: the arguments that are not null, timestamps in UTC.';
REVOKE ALL ON FUNCTION private.argument_error(jsonb, text[])
    FROM PUBLIC, anon, authenticated, service_role;

-- private.refuse_twin: a key that is taken. The same call again hears its own result; anything else
-- hears nothing of the other call.

CREATE FUNCTION private.refuse_twin(
    p_call      private.rpc_call,
    p_key       text,
    p_arguments jsonb
)
    RETURNS jsonb
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_first record;
BEGIN
    SELECT k.actor_id, k.action, k.arguments_sha256, k.result
    INTO v_first
    FROM private.request_keys AS k
    WHERE k.yacht_id = p_call.yacht_id
      AND k.idempotency_key = p_key;

    IF v_first.actor_id = p_call.actor_id
       AND v_first.action = p_call.action
       AND v_first.arguments_sha256 = sha256(convert_to(p_arguments::text, 'UTF8'))
    THEN
        RETURN private.refuse(p_call, 'duplicate_idempotency_key', v_first.result);
    END IF;
    RETURN private.refuse(p_call, 'idempotency_key_reused');
END
$function$;

ALTER FUNCTION private.refuse_twin(private.rpc_call, text, jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.refuse_twin(private.rpc_call, text, jsonb) IS
    'Refuses a call whose key is taken: duplicate_idempotency_key with the first result in details, or idempotency_key_reused.';
REVOKE ALL ON FUNCTION private.refuse_twin(private.rpc_call, text, jsonb)
    FROM PUBLIC, anon, authenticated, service_role;

-- private.open_call: the beginning of every RPC, always in this order: the gate (who calls, from the
-- claims; which role of theirs on this yacht may run the action, from the database), the arguments
-- (what must be given says the action registry), and for a write the idempotency key.
--
-- The gate opens the yacht: the policies that bind pms_rpc compare with part_lens.yacht_id, so that inside
-- the RPC nothing of another yacht exists, and without a gate nothing at all. A client that could set it
-- gains nothing: only code of pms_rpc is bound by it, and that begins here.
--
-- A key is claimed before any stock is locked; a twin waits here for the first, and then finds its
-- result. A stranger hears the same whether or not the yacht exists. One function and not three: each
-- call of a function that pins its search_path costs more than what is done here.

CREATE FUNCTION private.open_call(
    p_action    text,
    p_yacht_id  uuid,
    p_arguments jsonb,
    p_key       text  DEFAULT NULL,
    p_wrong     jsonb DEFAULT NULL
)
    RETURNS private.rpc_call
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call     private.rpc_call;
    v_subject  text  := nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub';
    v_given    jsonb := jsonb_strip_nulls(p_arguments);
    v_allowed  boolean;
    v_is_write boolean;
    v_required text[];
    v_opened   text;
BEGIN
    v_call.call_id := private.uuid_v7();
    v_call.action := p_action;
    v_call.yacht_id := p_yacht_id;

    -- Before the cast of auth.uid() in any policy: a foreign token may name its person otherwise.
    IF v_subject LIKE '________-____-____-____-____________'
       AND translate(v_subject, '0123456789abcdefABCDEF', '') = '----'
    THEN
        SELECT v_subject::uuid, a.lens, a.success_status, a.is_write, a.required_arguments, m.role,
               m.role = ANY (a.roles)
        INTO v_call.actor_id, v_call.lens, v_call.http_status, v_is_write, v_required, v_call.role,
             v_allowed
        FROM private.action_registry AS a
        LEFT JOIN private.my_roles AS m ON m.yacht_id = p_yacht_id
        WHERE a.action = p_action
        ORDER BY (m.role = ANY (a.roles)) DESC
        LIMIT 1;
    END IF;

    v_opened := set_config(
        'part_lens.yacht_id', CASE WHEN v_call.role IS NULL THEN '' ELSE p_yacht_id::text END, true);
    IF v_opened = '' THEN
        v_call.refusal := private.refuse(v_call, 'not_on_yacht');
        RETURN v_call;
    ELSIF NOT v_allowed THEN
        v_call.refusal := private.refuse(
            v_call, 'role_not_allowed', jsonb_build_object('role', v_call.role));
        RETURN v_call;
    END IF;

    IF p_wrong IS NOT NULL
       OR NOT v_given ?& v_required
       OR v_given -> 'p_quantity' NOT BETWEEN '1' AND '1000000'
       OR v_given ?| ARRAY['p_limit', 'p_occurred_at', 'p_notes', 'p_expected_seq']
    THEN
        p_wrong := coalesce(private.argument_error(v_given, v_required), p_wrong);
        IF p_wrong IS NOT NULL THEN
            v_call.refusal := private.refuse(
                v_call,
                CASE
                    WHEN p_wrong ? 'code' THEN p_wrong ->> 'code'
                    WHEN p_wrong ->> 'argument' = 'p_quantity' THEN 'invalid_quantity'
                    ELSE 'invalid_argument'
                END,
                nullif(p_wrong - 'code', '{}'));
            RETURN v_call;
        END IF;
        v_call.occurred_at := (v_given ->> 'p_occurred_at')::timestamp AT TIME ZONE 'UTC';
        v_call.expected_seq := (v_given ->> 'p_expected_seq')::integer;
        v_call.notes := v_given ->> 'p_notes';
    END IF;
    IF NOT v_is_write THEN
        RETURN v_call;
    END IF;

    -- No value of private.idempotency_key.
    IF p_key IS NULL OR length(p_key) NOT BETWEEN 1 AND 255 THEN
        v_call.refusal := private.refuse(v_call, 'missing_idempotency_key');
        RETURN v_call;
    END IF;
    INSERT INTO private.request_keys
        (yacht_id, idempotency_key, actor_id, action, arguments_sha256)
    VALUES
        (p_yacht_id, p_key, v_call.actor_id, p_action,
         sha256(convert_to(p_arguments::text, 'UTF8')))
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        v_call.idempotency_key := p_key;
    ELSE
        v_call.refusal := private.refuse_twin(v_call, p_key, p_arguments);
    END IF;
    RETURN v_call;
END
$function$;

ALTER FUNCTION private.open_call(text, uuid, jsonb, text, jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.open_call(text, uuid, jsonb, text, jsonb) IS
    'Begins an RPC: the call with actor, role and claimed key, or with its refusal. p_arguments: all but yacht, key and signature, by name; p_wrong: {"argument", "reason"}, and a code if not invalid_argument, when the RPC itself found one wrong.';
REVOKE ALL ON FUNCTION private.open_call(text, uuid, jsonb, text, jsonb)
    FROM PUBLIC, anon, authenticated, service_role;

COMMIT;
