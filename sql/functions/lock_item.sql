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
