-- action_list: see what one may do.
--
-- Called by  anyone with a role on the yacht.
-- Refuses    403 not_on_yacht; 404 feature_disabled, part_not_found.

CREATE OR REPLACE FUNCTION public.action_list(
    p_yacht_id uuid,
    p_part_id  uuid DEFAULT NULL
)
    RETURNS jsonb
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_call private.rpc_call;
    v_part record;
BEGIN
    v_call := private.open_call(
        'action_list', p_yacht_id,
        jsonb_build_object(
            'p_part_id', p_part_id));
    IF v_call.refusal IS NOT NULL THEN
        RETURN v_call.refusal;
    END IF;
    IF p_part_id IS NOT NULL THEN
        SELECT p.is_active, private.part_on_hand(p.yacht_id, p.part_id) AS on_hand
        INTO v_part
        FROM public.pms_parts AS p
        WHERE p.yacht_id = p_yacht_id
          AND p.part_id = p_part_id;
        IF NOT FOUND THEN
            RETURN private.refuse(v_call, 'part_not_found', jsonb_build_object(
                'part_id', p_part_id));
        END IF;
    ELSE
        SELECT true AS is_active, NULL::bigint AS on_hand
        INTO v_part;
    END IF;

    RETURN (
        SELECT coalesce(jsonb_agg(
            jsonb_build_object(
                'action', a.action,
                'description', a.description,
                'lens', a.lens,
                'is_signed', a.is_signed,
                'required_fields', to_jsonb(
                    a.required_arguments
                    || CASE WHEN a.is_write THEN ARRAY['p_idempotency_key'] END
                    || CASE WHEN a.is_signed THEN ARRAY['p_signature'] END),
                'roles', a.roles,
                'allowed', EXISTS (
                    SELECT
                    FROM private.my_roles AS m
                    WHERE m.yacht_id = p_yacht_id
                      AND m.role = ANY (a.roles)),
                'blocked_by', CASE
                    WHEN cardinality(a.transaction_types) = 0 THEN NULL
                    WHEN NOT v_part.is_active THEN 'part_deactivated'
                    WHEN v_part.on_hand = 0
                         AND a.transaction_types && ARRAY['consumed', 'transferred_out', 'write_off']
                    THEN 'insufficient_stock'
                END)
            ORDER BY a.action), '[]')
        FROM private.action_registry AS a
        -- The registry also gives the roles of movement types whose RPC is not installed.
        WHERE EXISTS (
            SELECT
            FROM pg_catalog.pg_proc AS f
            WHERE f.pronamespace = 'public'::regnamespace
              AND f.proname = a.action
        )
    );
END
$function$;

ALTER FUNCTION public.action_list(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION public.action_list(
    uuid, uuid) IS
'Lists the actions: what each requires beside p_yacht_id, whether it is signed, which roles may run it, and whether the caller may.

p_yacht_id: the yacht.
p_part_id: a part; blocked_by then says what keeps an action from it.

Answers 200 [{"action": "text", "lens": "text", "description": "text", "required_fields": "text[]", "is_signed": "boolean", "roles": "text[]", "allowed": "boolean", "blocked_by": "text?"}]
Refuses 403 not_on_yacht; 404 feature_disabled, part_not_found';
REVOKE ALL ON FUNCTION public.action_list(
    uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.action_list(uuid, uuid) TO authenticated;
