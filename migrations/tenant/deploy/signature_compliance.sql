-- Deploy part_lens_tenant:signature_compliance to pg
-- requires: service_reads
-- requires: action_registry

BEGIN;

-- private.signature_compliance: of what must be signed, how much is? Looks at the rows and not at the
-- constraints that should have made them so: movements of signed types, whose signature must be complete
-- and be one that was accepted; and accepted calls of signed actions, in the audit log.

CREATE FUNCTION private.is_complete_proof(p_signature jsonb)
    RETURNS boolean
    LANGUAGE sql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(
        p_signature ->> 'method' = 'pin+totp'
        AND p_signature ->> 'pin' = 'verified'
        AND p_signature ->> 'totp' = 'verified'
        AND p_signature ->> 'signer_id' IS NOT NULL
        AND p_signature ->> 'role' IS NOT NULL
        AND p_signature ->> 'signed_at' IS NOT NULL
        AND p_signature ->> 'totp_step' IS NOT NULL
        AND p_signature ->> 'payload_sha256' ~ '^[0-9a-f]{64}$',
        false)
$function$;

ALTER FUNCTION private.is_complete_proof(jsonb) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.is_complete_proof(jsonb) IS
    'Whether a stored signature says of PIN and TOTP that they were verified, by whom, when and over what.';
REVOKE ALL ON FUNCTION private.is_complete_proof(jsonb) FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.signed_counts(p_yacht_id uuid)
    RETURNS TABLE (
        source text,
        kind   text,
        total  bigint,
        signed bigint
    )
    LANGUAGE sql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT
        'ledger', t.transaction_type, count(*),
        count(*) FILTER (
            WHERE private.is_complete_proof(t.signature)
              AND EXISTS (
                  SELECT
                  FROM private.signatures AS s
                  WHERE s.yacht_id = t.yacht_id
                    AND s.signature_id = t.signature_id
                    AND s.user_id::text = t.signature ->> 'signer_id'))
    FROM public.pms_inventory_transactions AS t
    WHERE t.yacht_id = p_yacht_id
      AND t.transaction_type IN ('adjusted', 'write_off', 'reversed')
    GROUP BY t.transaction_type
    UNION ALL
    SELECT
        'audit_log', l.action, count(*),
        count(*) FILTER (WHERE private.is_complete_proof(l.signature))
    FROM public.pms_audit_log AS l
    JOIN private.action_registry AS a ON a.action = l.action
    WHERE l.yacht_id = p_yacht_id
      AND a.is_signed
      AND l.outcome = 'ok'
      -- A service signs nothing.
      AND l.actor_id IS NOT NULL
    GROUP BY l.action
$function$;

ALTER FUNCTION private.signed_counts(uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.signed_counts(uuid) IS
    'Of a yacht, by type of movement and by action: what must be signed, and what is.';
REVOKE ALL ON FUNCTION private.signed_counts(uuid) FROM PUBLIC, anon, authenticated, service_role;

CREATE FUNCTION private.signature_compliance()
    RETURNS TABLE (
        source   text,
        kind     text,
        total    bigint,
        signed   bigint,
        unsigned bigint,
        verdict  text
    )
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_yacht_id uuid;
    v_found    jsonb := jsonb_build_array();
BEGIN
    FOR v_yacht_id IN
        SELECT y.yacht_id
        FROM public.yacht_registry AS y
    LOOP
        -- Row security shows a call of a service the yacht that is open.
        PERFORM set_config('part_lens.yacht_id', v_yacht_id::text, true);
        v_found := v_found || (
            SELECT coalesce(jsonb_agg(to_jsonb(c)), '[]')
            FROM private.signed_counts(v_yacht_id) AS c);
    END LOOP;
    PERFORM set_config('part_lens.yacht_id', '', true);

    RETURN QUERY
    SELECT
        k.source, k.kind, k.total, k.signed, k.total - k.signed,
        CASE
            WHEN k.total = 0 THEN 'not enough data'
            WHEN k.total = k.signed THEN 'pass'
            ELSE 'fail'
        END
    FROM (
        -- Every kind has its row, also when there is nothing of it yet.
        SELECT
            e.source, e.kind,
            coalesce(sum((f.value ->> 'total')::bigint), 0)::bigint AS total,
            coalesce(sum((f.value ->> 'signed')::bigint), 0)::bigint AS signed
        FROM (
            SELECT 'ledger' AS source, t.type AS kind
            FROM unnest(ARRAY['adjusted', 'write_off', 'reversed']) AS t (type)
            UNION ALL
            SELECT 'audit_log', a.action
            FROM private.action_registry AS a
            WHERE a.is_signed
        ) AS e
        LEFT JOIN jsonb_array_elements(v_found) AS f (value)
            ON f.value ->> 'source' = e.source
           AND f.value ->> 'kind' = e.kind
        GROUP BY e.source, e.kind
    ) AS k
    ORDER BY k.source DESC, k.kind;
END
$function$;

ALTER FUNCTION private.signature_compliance() OWNER TO pms_rpc;
COMMENT ON FUNCTION private.signature_compliance() IS
    'By type of movement and by action: how many must be signed, how many are, and whether that is all.';
REVOKE ALL ON FUNCTION private.signature_compliance() FROM PUBLIC, anon, authenticated, service_role;

-- signature_compliance: is everything signed that must be?
--
-- Called by  service_role.

CREATE OR REPLACE FUNCTION public.signature_compliance()
    RETURNS jsonb
    LANGUAGE sql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_agg(to_jsonb(c))
    FROM private.signature_compliance() AS c
$function$;

ALTER FUNCTION public.signature_compliance() OWNER TO pms_rpc;
COMMENT ON FUNCTION public.signature_compliance() IS
    'By type of movement and by action: how many must be signed, how many are, and a verdict. For a service.';
REVOKE ALL ON FUNCTION public.signature_compliance() FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.signature_compliance() TO service_role;

COMMIT;
