-- Revert part_lens_tenant:unfiltered_answers from pg

BEGIN;

-- private.open_call: the beginning of every RPC, always in this order: the gate (who calls, from the
-- claims; which role of theirs on this yacht may run the action, from the database), the arguments
-- (what must be given says the action registry), and for a write the idempotency key.
--
-- A yacht that the canary has not let in (private.canary_bucket) is sent away before roles and arguments
-- are looked at, since v1 may see them otherwise. What is about a person and not about the yacht stays open:
-- who enrols for signing beforehand can sign on the first day.
--
-- The gate opens the yacht: the policies that bind pms_rpc compare with part_lens.yacht_id, so that inside
-- the RPC nothing of another yacht exists, and without a gate nothing at all. A client that could set it
-- gains nothing: only code of pms_rpc is bound by it, and that begins here.
--
-- A key is claimed before any stock is locked; a twin waits here for the first, and then finds its
-- result. A stranger hears the same whether or not the yacht exists. One function and not three: each
-- call of a function that pins its search_path costs more than what is done here.

CREATE OR REPLACE FUNCTION private.open_call(
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
    v_canary   integer;
BEGIN
    v_call.call_id := private.uuid_v7();
    v_call.action := p_action;
    v_call.yacht_id := p_yacht_id;

    -- Before the cast of auth.uid() in any policy: a foreign token may name its person otherwise.
    IF v_subject LIKE '________-____-____-____-____________'
       AND translate(v_subject, '0123456789abcdefABCDEF', '') = '----'
    THEN
        SELECT v_subject::uuid, a.lens, a.success_status, a.is_write, a.required_arguments, m.role,
               m.role = ANY (a.roles),
               (SELECT f.canary_percentage
                FROM public.feature_flags AS f
                WHERE f.flag_name = 'part_lens_v2'
                  AND f.enabled)
        INTO v_call.actor_id, v_call.lens, v_call.http_status, v_is_write, v_required, v_call.role,
             v_allowed, v_canary
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
    ELSIF v_canary IS DISTINCT FROM 100
          AND v_call.lens <> 'person'
          AND private.canary_bucket('part_lens_v2', p_yacht_id) >= coalesce(v_canary, 0)
    THEN
        v_call.refusal := private.refuse(v_call, 'feature_disabled');
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

DROP FUNCTION private.is_unfiltered(text);

COMMIT;
