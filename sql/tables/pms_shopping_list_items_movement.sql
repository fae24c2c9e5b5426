-- The way from an item to its newest movement; the ledger has the way back. After the ledger, which
-- the list comes before.

ALTER TABLE public.pms_shopping_list_items
    ADD CONSTRAINT delivery_is_a_movement_on_its_yacht
    FOREIGN KEY (yacht_id, received_transaction_id)
    REFERENCES public.pms_inventory_transactions (yacht_id, transaction_id) ON DELETE RESTRICT;

-- Serves the foreign key: one movement delivers one item.
CREATE UNIQUE INDEX movement_delivers_one_item
    ON public.pms_shopping_list_items (yacht_id, received_transaction_id)
    WHERE received_transaction_id IS NOT NULL;
