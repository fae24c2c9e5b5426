-- pms_inventory_stock: people read the stocks of their yachts; writes go through RPC only.

ALTER TABLE public.pms_inventory_stock ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.pms_inventory_stock FORCE ROW LEVEL SECURITY;

-- A person sees the stocks of their yachts.
CREATE POLICY select_people ON public.pms_inventory_stock
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (yacht_id = ANY ((SELECT private.my_yachts())::uuid[]));

-- An RPC sees the stocks of the yacht that its gate opened.
CREATE POLICY select_rpc ON public.pms_inventory_stock
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- An RPC opens a stock on the yacht that its gate opened.
CREATE POLICY insert_rpc ON public.pms_inventory_stock
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- A movement locks its stock and refreshes the cached quantity. `true`: an UPDATE that looks for its row
-- is bound by select_rpc as well, before and after, and each movement would pay for the rule three times.
CREATE POLICY update_rpc ON public.pms_inventory_stock
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (true)
    WITH CHECK (true);

-- No DELETE for anybody: movements refer to it.
GRANT SELECT ON TABLE public.pms_inventory_stock TO authenticated;
GRANT SELECT, INSERT, UPDATE ON TABLE public.pms_inventory_stock TO pms_rpc;
