-- hand: consuming a part as one would write it by hand with the database's usual keys, without row
-- security, checks, idempotency or refusals. What public.consume_part is measured against.

CREATE SCHEMA hand;

CREATE TABLE hand.stock (
    stock_id uuid    NOT NULL,
    quantity integer NOT NULL,
    CONSTRAINT stock_pkey PRIMARY KEY (stock_id)
);

CREATE TABLE hand.movement (
    movement_id     uuid        NOT NULL DEFAULT gen_random_uuid(),
    stock_id        uuid        NOT NULL,
    seq             integer     NOT NULL,
    on_hand_before  integer     NOT NULL,
    quantity_change integer     NOT NULL,
    on_hand_after   integer     NOT NULL,
    actor_id        uuid,
    recorded_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT movement_pkey PRIMARY KEY (movement_id),
    CONSTRAINT movement_is_unique_in_its_stock UNIQUE (stock_id, seq),
    CONSTRAINT movement_is_of_a_stock FOREIGN KEY (stock_id)
        REFERENCES hand.stock (stock_id) ON DELETE RESTRICT
);

CREATE TABLE hand.audit (
    audit_id   bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    actor_id   uuid,
    action     text        NOT NULL,
    entity_id  uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT audit_pkey PRIMARY KEY (audit_id)
);

CREATE FUNCTION hand.consume(
    p_actor_id uuid,
    p_stock_id uuid,
    p_quantity integer
)
    RETURNS integer
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
AS $function$
DECLARE
    v_seq    integer;
    v_before integer;
BEGIN
    PERFORM FROM hand.stock AS s WHERE s.stock_id = p_stock_id FOR UPDATE;
    SELECT m.seq, m.on_hand_after
    INTO v_seq, v_before
    FROM hand.movement AS m
    WHERE m.stock_id = p_stock_id
    ORDER BY m.seq DESC
    LIMIT 1;
    INSERT INTO hand.movement
        (stock_id, seq, on_hand_before, quantity_change, on_hand_after, actor_id)
    VALUES
        (p_stock_id, v_seq + 1, v_before, -p_quantity, v_before - p_quantity, p_actor_id);
    INSERT INTO hand.audit (actor_id, action, entity_id)
    VALUES (p_actor_id, 'consume', p_stock_id);
    UPDATE hand.stock AS s SET quantity = v_before - p_quantity WHERE s.stock_id = p_stock_id;
    RETURN v_before - p_quantity;
END
$function$;

GRANT USAGE ON SCHEMA hand TO authenticated;
GRANT SELECT, UPDATE ON TABLE hand.stock TO authenticated;
GRANT SELECT, INSERT ON TABLE hand.movement TO authenticated;
GRANT INSERT ON TABLE hand.audit TO authenticated;
