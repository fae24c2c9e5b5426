-- pms_shopping_list_items: people read the shopping lists of their yachts; writes go through RPC only.

ALTER TABLE public.pms_shopping_list_items ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.pms_shopping_list_items FORCE ROW LEVEL SECURITY;

-- A person sees the shopping lists of their yachts.
CREATE POLICY select_people ON public.pms_shopping_list_items
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (yacht_id = ANY ((SELECT private.my_yachts())::uuid[]));

-- An RPC sees the shopping lists of the caller's yachts.
CREATE POLICY select_rpc ON public.pms_shopping_list_items
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (yacht_id = ANY (ARRAY(SELECT m.yacht_id FROM private.my_roles AS m)));

-- A request is the caller's own, and begins at the beginning.
CREATE POLICY insert_rpc ON public.pms_shopping_list_items
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (requested_by = (SELECT auth.uid())
        AND status = 'requested'
        AND yacht_id = ANY (ARRAY(SELECT m.yacht_id FROM private.my_roles AS m)));

-- An item goes on by a role that may take the steps of the list.
CREATE POLICY update_rpc ON public.pms_shopping_list_items
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (yacht_id = ANY (ARRAY(SELECT m.yacht_id FROM private.my_roles AS m)))
    WITH CHECK (EXISTS (
        SELECT
        FROM private.my_roles AS m
        JOIN private.action_registry AS a ON m.role = ANY (a.roles)
        WHERE m.yacht_id = pms_shopping_list_items.yacht_id
          AND a.action IN ('approve_shopping_item', 'reject_shopping_item', 'order_shopping_item',
                           'receive_shopping_item')
    ));

-- No DELETE for anybody: what is not wanted is rejected.
GRANT SELECT ON TABLE public.pms_shopping_list_items TO authenticated;
GRANT SELECT, INSERT, UPDATE ON TABLE public.pms_shopping_list_items TO pms_rpc;
