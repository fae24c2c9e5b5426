-- Movements for tests of the ledger.

CREATE FUNCTION tap.proof(p_who text DEFAULT 'captain')
    RETURNS jsonb
    LANGUAGE sql
    IMMUTABLE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'method', 'pin+totp', 'pin', 'verified', 'totp', 'verified', 'signer_id', tap.id(p_who),
        'role', p_who, 'signed_at', '2026-01-01T00:00:00Z', 'totp_step', 57000000,
        'payload_sha256', repeat('0a', 32))
$function$;

COMMENT ON FUNCTION tap.proof(text) IS 'What a movement stores of a signature.';

CREATE FUNCTION tap.movement(p_type text)
    RETURNS jsonb
    LANGUAGE sql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT jsonb_build_object(
        'yacht_id', tap.id('yacht'),
        'transaction_id', gen_random_uuid(),
        'stock_id',
        tap.id(CASE p_type WHEN 'opening' THEN 'filter in bin' ELSE 'filter in locker' END),
        'transaction_type', p_type,
        'quantity_change', CASE
            WHEN p_type IN ('opening', 'received', 'transferred_in') THEN 1
            WHEN p_type = 'reversed' THEN 3
            ELSE -1
        END,
        'counterpart_id',
        CASE WHEN p_type IN ('transferred_out', 'transferred_in') THEN tap.id('counterpart') END,
        'reverses_transaction_id', CASE WHEN p_type = 'reversed' THEN tap.id('filter use') END,
        'metadata', jsonb_build_object(),
        'signature', jsonb_build_object())
    || CASE
        WHEN p_type IN ('adjusted', 'write_off', 'reversed')
        THEN jsonb_build_object('signature', tap.proof(), 'signature_id', tap.id('signature'))
        ELSE '{}'
    END
$function$;

COMMENT ON FUNCTION tap.movement(text) IS
    'A faultless movement of the type, as an RPC would insert it: the third on `filter in locker`, an opening the first on `filter in bin`; `reversed` undoes `filter use`.';

CREATE FUNCTION tap.movement_by_hand(p_type text DEFAULT 'consumed')
    RETURNS jsonb
    LANGUAGE sql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT m.movement || jsonb_build_object(
        'seq', m.seq,
        'on_hand_before', m.before,
        'on_hand_after', m.before + (m.movement ->> 'quantity_change')::integer,
        'recorded_at', now(),
        'occurred_at', now())
    FROM (
        SELECT
            tap.movement(p_type) AS movement,
            CASE p_type WHEN 'opening' THEN 1 ELSE 3 END AS seq,
            CASE p_type WHEN 'opening' THEN 0 ELSE 7 END AS before
    ) AS m
$function$;

COMMENT ON FUNCTION tap.movement_by_hand(text) IS
    'tap.movement with the columns that the trigger would fill.';

CREATE FUNCTION tap.insert_movement(p_values jsonb)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO public.pms_inventory_transactions
        (yacht_id, transaction_id, stock_id, seq, on_hand_before, quantity_change, on_hand_after,
         transaction_type, recorded_at, occurred_at, actor_id, actor_role, idempotency_key,
         counterpart_id, usage_id, reverses_transaction_id, signature, signature_id, reason, notes,
         metadata, item_id)
    SELECT
        t.yacht_id, t.transaction_id, t.stock_id, t.seq, t.on_hand_before, t.quantity_change,
        t.on_hand_after, t.transaction_type, t.recorded_at, t.occurred_at, t.actor_id, t.actor_role,
        t.idempotency_key, t.counterpart_id, t.usage_id, t.reverses_transaction_id, t.signature,
        t.signature_id, t.reason, t.notes, t.metadata, t.item_id
    FROM jsonb_populate_record(NULL::public.pms_inventory_transactions, p_values) AS t;
END
$function$;

COMMENT ON FUNCTION tap.insert_movement(jsonb) IS 'A plain INSERT into the ledger with these values.';

CREATE FUNCTION tap.broken_movement(
    p_changes jsonb,
    p_type    text DEFAULT 'consumed'
)
    RETURNS text
    LANGUAGE sql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT format('SELECT tap.insert_movement(%L)', tap.movement_by_hand(p_type) || p_changes)
$function$;

COMMENT ON FUNCTION tap.broken_movement(jsonb, text) IS
    'The statement that inserts tap.movement_by_hand(p_type) with some values changed.';
