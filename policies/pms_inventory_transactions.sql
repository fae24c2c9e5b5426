-- pms_inventory_transactions: people read the ledger of their yachts; writes go through RPC only, each type by
-- the roles that the action registry gives it.

ALTER TABLE public.pms_inventory_transactions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.pms_inventory_transactions FORCE ROW LEVEL SECURITY;

-- A person sees the movements of their yachts.
CREATE POLICY select_people ON public.pms_inventory_transactions
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (yacht_id = ANY ((SELECT private.my_yachts())::uuid[]));

-- An RPC sees the movements of the yacht that its gate opened.
CREATE POLICY select_rpc ON public.pms_inventory_transactions
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- A movement is the caller's own, of a type that an action of their role may write.
CREATE POLICY insert_rpc ON public.pms_inventory_transactions
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (actor_id = auth.uid()
        AND EXISTS (
            SELECT
            FROM private.action_registry AS a
            JOIN private.my_roles AS m ON m.role = ANY (a.roles)
            WHERE pms_inventory_transactions.transaction_type = ANY (a.transaction_types)
              AND m.yacht_id = pms_inventory_transactions.yacht_id
        ));

-- No UPDATE, DELETE or TRUNCATE for anybody: append-only.
GRANT SELECT ON TABLE public.pms_inventory_transactions TO authenticated;
GRANT SELECT, INSERT ON TABLE public.pms_inventory_transactions TO pms_rpc;
