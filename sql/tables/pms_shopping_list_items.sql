-- pms_shopping_list_items: what is to be bought: requested, approved or rejected, ordered, received. A
-- delivery is a movement that names its item; the item names its newest one.
--
-- Who locks an item locks it before part, location and stock.

CREATE TABLE public.pms_shopping_list_items (
    yacht_id                uuid        NOT NULL,
    item_id                 uuid        NOT NULL DEFAULT private.uuid_v7(),
    part_id                 uuid        NOT NULL,
    status                  text        NOT NULL DEFAULT 'requested',
    quantity                integer     NOT NULL,
    quantity_received       integer     NOT NULL DEFAULT 0,
    supplier                text,
    reference               text,
    notes                   text,
    reject_reason           text,
    requested_by            uuid        NOT NULL,
    requested_at            timestamptz NOT NULL DEFAULT now(),
    decided_by              uuid,
    decided_at              timestamptz,
    ordered_by              uuid,
    ordered_at              timestamptz,
    received_at             timestamptz,
    received_transaction_id uuid,
    CONSTRAINT pms_shopping_list_items_pkey PRIMARY KEY (yacht_id, item_id),
    CONSTRAINT item_status_is_known CHECK (
        status IN ('requested', 'approved', 'ordered', 'received', 'rejected')),
    CONSTRAINT item_quantity_is_in_range CHECK (quantity BETWEEN 1 AND 1000000),
    CONSTRAINT no_more_is_received_than_wanted CHECK (quantity_received BETWEEN 0 AND quantity),
    CONSTRAINT only_what_is_ordered_arrives CHECK (
        quantity_received = 0 OR status IN ('ordered', 'received')),
    CONSTRAINT item_is_received_when_complete CHECK (
        (status = 'received') = (quantity_received = quantity)),
    CONSTRAINT delivery_has_its_movement CHECK (
        (quantity_received > 0) = (received_transaction_id IS NOT NULL)),
    CONSTRAINT each_step_says_who CHECK (
        (status = 'requested' OR decided_by IS NOT NULL)
        AND (status NOT IN ('ordered', 'received') OR ordered_by IS NOT NULL)),
    CONSTRAINT item_is_of_a_part_of_its_yacht FOREIGN KEY (yacht_id, part_id)
        REFERENCES public.pms_parts (yacht_id, part_id) ON DELETE RESTRICT
);

-- Serves the foreign key, and "what is on order of this part".
CREATE INDEX pms_shopping_list_items_by_part
    ON public.pms_shopping_list_items (yacht_id, part_id, status);

ALTER TABLE public.pms_shopping_list_items OWNER TO pms_owner;
COMMENT ON TABLE public.pms_shopping_list_items IS 'What is to be bought, from request to delivery.';
COMMENT ON COLUMN public.pms_shopping_list_items.status IS
    'requested, approved, ordered, received (all of it), or rejected.';
COMMENT ON COLUMN public.pms_shopping_list_items.quantity IS 'Units wanted.';
COMMENT ON COLUMN public.pms_shopping_list_items.quantity_received IS 'Units that arrived so far.';
COMMENT ON COLUMN public.pms_shopping_list_items.decided_by IS 'Who approved it, or rejected it last.';
COMMENT ON COLUMN public.pms_shopping_list_items.received_at IS 'When the newest delivery was recorded.';
COMMENT ON COLUMN public.pms_shopping_list_items.received_transaction_id IS
    'Movement of the newest delivery; all of them name this item in item_id.';
REVOKE ALL ON TABLE public.pms_shopping_list_items FROM PUBLIC, anon, authenticated, service_role;
