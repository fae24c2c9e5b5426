-- pms_inventory_stock: one row per part and location, which movements refer to. The row is also the
-- lock: whoever writes a movement holds it FOR UPDATE.
--
-- A movement must not meet a part or location that is deactivated at the same moment. The state is
-- therefore part of the foreign keys: deactivating a part rewrites its stock rows (ON UPDATE CASCADE),
-- which waits for the movements that hold them, and the next movement sees the new state in the row
-- that it locks. Who locks several kinds of rows takes them in the order part, location, stock.

CREATE TABLE public.pms_inventory_stock (
    yacht_id           uuid        NOT NULL,
    stock_id           uuid        NOT NULL DEFAULT private.uuid_v7(),
    part_id            uuid        NOT NULL,
    location_id        uuid        NOT NULL,
    part_is_active     boolean     NOT NULL DEFAULT true,
    location_is_active boolean     NOT NULL DEFAULT true,
    quantity           integer     NOT NULL DEFAULT 0,
    newest_seq         integer     NOT NULL DEFAULT 0,
    created_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pms_inventory_stock_pkey PRIMARY KEY (yacht_id, stock_id),
    CONSTRAINT stock_is_unique_per_part_and_location UNIQUE (yacht_id, part_id, location_id),
    CONSTRAINT stock_with_its_part UNIQUE (yacht_id, stock_id, part_id),
    CONSTRAINT stock_is_of_a_part_of_its_yacht FOREIGN KEY (yacht_id, part_id, part_is_active)
        REFERENCES public.pms_parts (yacht_id, part_id, is_active)
        ON UPDATE CASCADE ON DELETE RESTRICT,
    CONSTRAINT stock_is_at_a_location_of_its_yacht
        FOREIGN KEY (yacht_id, location_id, location_is_active)
        REFERENCES public.pms_part_locations (yacht_id, location_id, is_active)
        ON UPDATE CASCADE ON DELETE RESTRICT
)
    -- Each movement rewrites a row: room on the page keeps that free of index work.
    WITH (fillfactor = 70);

-- Serve the foreign keys, whose changes cascade, and "what is in this locker".
CREATE INDEX pms_inventory_stock_by_part
    ON public.pms_inventory_stock (yacht_id, part_id, part_is_active);
CREATE INDEX pms_inventory_stock_by_location
    ON public.pms_inventory_stock (yacht_id, location_id, location_is_active);

ALTER TABLE public.pms_inventory_stock OWNER TO pms_owner;
COMMENT ON TABLE public.pms_inventory_stock IS 'A part at a location: what movements refer to.';
COMMENT ON COLUMN public.pms_inventory_stock.quantity IS
    'NON-AUTHORITATIVE CACHE of the newest movement''s on_hand_after. Read pms_stock_by_location.';
COMMENT ON COLUMN public.pms_inventory_stock.newest_seq IS
    'NON-AUTHORITATIVE HINT: where in the index to begin to look for the newest movement.';
COMMENT ON COLUMN public.pms_inventory_stock.part_is_active IS 'Follows the part by foreign key.';
COMMENT ON COLUMN public.pms_inventory_stock.location_is_active IS 'Follows the location by foreign key.';
REVOKE ALL ON TABLE public.pms_inventory_stock FROM PUBLIC, anon, authenticated, service_role;
