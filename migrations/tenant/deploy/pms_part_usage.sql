-- Deploy part_lens_tenant:pms_part_usage to pg
-- requires: append_only
-- requires: pms_inventory_stock

BEGIN;

-- pms_part_usage: what consumed parts were used for. Its quantity is its movement's: the ledger refers
-- to (usage_id, quantity_change) by foreign key.

CREATE TABLE public.pms_part_usage (
    yacht_id        uuid        NOT NULL,
    usage_id        uuid        NOT NULL DEFAULT private.uuid_v7(),
    stock_id        uuid        NOT NULL,
    part_id         uuid        NOT NULL,
    quantity        integer     NOT NULL,
    quantity_change integer     NOT NULL,
    work_order      text,
    equipment       text,
    used_by         uuid        NOT NULL,
    used_at         timestamptz NOT NULL,
    CONSTRAINT pms_part_usage_pkey PRIMARY KEY (yacht_id, usage_id),
    CONSTRAINT usage_with_its_change UNIQUE (yacht_id, usage_id, quantity_change),
    CONSTRAINT usage_is_positive CHECK (quantity > 0),
    CONSTRAINT usage_is_what_its_movement_took CHECK (quantity_change = -quantity),
    CONSTRAINT usage_is_for_something CHECK (
        coalesce(work_order, equipment) IS NOT NULL
        AND length(work_order) BETWEEN 1 AND 200
        AND length(equipment) BETWEEN 1 AND 200),
    -- To the stock, which its movement has locked: a lock on the part after one on the stock would
    -- be the wrong way round for who deactivates the part.
    CONSTRAINT usage_is_of_a_stock_of_its_yacht FOREIGN KEY (yacht_id, stock_id, part_id)
        REFERENCES public.pms_inventory_stock (yacht_id, stock_id, part_id) ON DELETE RESTRICT
);

-- Serves the foreign key.
CREATE INDEX pms_part_usage_by_stock ON public.pms_part_usage (yacht_id, stock_id, part_id);
-- What was this part used for?
CREATE INDEX pms_part_usage_by_part ON public.pms_part_usage (yacht_id, part_id, used_at);

CREATE TRIGGER t10_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON public.pms_part_usage
    FOR EACH STATEMENT
    EXECUTE FUNCTION private.refuse_change();
ALTER TABLE public.pms_part_usage ENABLE ALWAYS TRIGGER t10_append_only;

ALTER TABLE public.pms_part_usage OWNER TO pms_owner;
COMMENT ON TABLE public.pms_part_usage IS 'What consumed parts were used for. Append-only.';
COMMENT ON COLUMN public.pms_part_usage.quantity_change IS 'Minus quantity: the change of its movement.';
COMMENT ON COLUMN public.pms_part_usage.used_at IS 'When it was used on board.';
REVOKE ALL ON TABLE public.pms_part_usage FROM PUBLIC, anon, authenticated, service_role;

-- pms_part_usage: people read what parts of their yachts were used for; writes go through RPC only.

ALTER TABLE public.pms_part_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.pms_part_usage FORCE ROW LEVEL SECURITY;

-- A person sees what was used on their yachts.
CREATE POLICY select_people ON public.pms_part_usage
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (yacht_id = ANY ((SELECT private.my_yachts())::uuid[]));

-- An RPC sees what was used on the yacht that its gate opened.
CREATE POLICY select_rpc ON public.pms_part_usage
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- A usage is recorded by who used the part.
CREATE POLICY insert_rpc ON public.pms_part_usage
    AS PERMISSIVE
    FOR INSERT
    TO pms_rpc
    WITH CHECK (used_by = auth.uid()
        AND yacht_id = nullif(current_setting('part_lens.yacht_id', true), '')::uuid);

-- No UPDATE or DELETE for anybody: append-only.
GRANT SELECT ON TABLE public.pms_part_usage TO authenticated;
GRANT SELECT, INSERT ON TABLE public.pms_part_usage TO pms_rpc;

COMMIT;
