-- Deploy part_lens_tenant:shopping_helpers to pg
-- requires: pms_shopping_list_items
-- requires: call_answers

BEGIN;

-- private.supply_error: what is wrong with the supplier or the reference of an order or a delivery.

CREATE FUNCTION private.supply_error(
    p_supplier  text,
    p_reference text
)
    RETURNS jsonb
    LANGUAGE sql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN length(p_supplier) NOT BETWEEN 1 AND 200 THEN
            '{"argument": "p_supplier", "reason": "does not have 1 to 200 characters"}'::jsonb
        WHEN length(p_reference) NOT BETWEEN 1 AND 200 THEN
            '{"argument": "p_reference", "reason": "does not have 1 to 200 characters"}'
    END
$function$;

ALTER FUNCTION private.supply_error(text, text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.supply_error(text, text) IS
    '{"argument", "reason"} of a supplier or reference that cannot be; NULL when both can, or none was given.';
REVOKE ALL ON FUNCTION private.supply_error(text, text) FROM PUBLIC, anon, authenticated, service_role;

-- private.lock_item: the item of the shopping list that a call takes a step with, locked, or why it
-- may not.

CREATE FUNCTION private.lock_item(
    p_call    private.rpc_call,
    p_item_id uuid,
    p_from    text[],
    OUT part_id     uuid,
    OUT outstanding integer,
    OUT supplier    text,
    OUT reference   text,
    OUT refusal     jsonb
)
    RETURNS record
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_status    text;
    v_is_active boolean;
BEGIN
    SELECT i.status, i.part_id, i.quantity - i.quantity_received, i.supplier, i.reference
    INTO v_status, part_id, outstanding, supplier, reference
    FROM public.pms_shopping_list_items AS i
    WHERE i.yacht_id = p_call.yacht_id
      AND i.item_id = p_item_id
    FOR UPDATE;
    IF NOT FOUND THEN
        refusal := private.refuse(p_call, 'item_not_found', jsonb_build_object(
            'item_id', p_item_id), 'item', p_item_id);
    ELSIF v_status <> ALL (p_from) THEN
        refusal := private.refuse(p_call, 'illegal_transition', jsonb_build_object(
            'item_id', p_item_id, 'status', v_status), 'item', p_item_id);
    ELSE
        SELECT p.is_active
        INTO v_is_active
        FROM public.pms_parts AS p
        WHERE p.yacht_id = p_call.yacht_id
          AND p.part_id = lock_item.part_id;
        -- Of a part that is gone, an item can still be taken off the list.
        IF NOT v_is_active AND p_call.action <> 'reject_shopping_item' THEN
            refusal := private.refuse(p_call, 'part_deactivated', jsonb_build_object(
                'item_id', p_item_id, 'part_id', lock_item.part_id), 'item', p_item_id);
        END IF;
    END IF;
END
$function$;

ALTER FUNCTION private.lock_item(private.rpc_call, uuid, text[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.lock_item(private.rpc_call, uuid, text[]) IS
    'Locks an item of the shopping list that is in one of the states p_from; its part, what is outstanding, supplier and reference; or the refusal: item_not_found, illegal_transition, part_deactivated.';
REVOKE ALL ON FUNCTION private.lock_item(private.rpc_call, uuid, text[])
    FROM PUBLIC, anon, authenticated, service_role;

-- private.shopping_by_part: what the shopping list holds of each part: on order is what was approved
-- and has not arrived; what is merely requested stands apart.
-- PL/pgSQL because its plan is kept; a function in SQL is planned at each call.

CREATE FUNCTION private.shopping_by_part(
    p_yacht_id uuid,
    p_part_ids uuid[]
)
    RETURNS TABLE (
        part_id   uuid,
        on_order  bigint,
        requested bigint
    )
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT
        i.part_id,
        coalesce(sum(i.quantity - i.quantity_received)
            FILTER (WHERE i.status IN ('approved', 'ordered')), 0)::bigint,
        coalesce(sum(i.quantity) FILTER (WHERE i.status = 'requested'), 0)::bigint
    FROM public.pms_shopping_list_items AS i
    WHERE i.yacht_id = p_yacht_id
      AND i.part_id = ANY (p_part_ids)
      AND i.status IN ('requested', 'approved', 'ordered')
    GROUP BY i.part_id;
END
$function$;

ALTER FUNCTION private.shopping_by_part(uuid, uuid[]) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.shopping_by_part(uuid, uuid[]) IS
    'Units on order and units requested of each of the parts that is on the shopping list.';
REVOKE ALL ON FUNCTION private.shopping_by_part(uuid, uuid[])
    FROM PUBLIC, anon, authenticated, service_role;

COMMIT;
