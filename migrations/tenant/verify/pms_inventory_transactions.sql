-- Verify part_lens_tenant:pms_inventory_transactions on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM yacht_id, transaction_id, stock_id, seq, prev_seq, on_hand_before, quantity_change,
            on_hand_after, transaction_type, recorded_at, occurred_at, actor_id, actor_role,
            idempotency_key, counterpart_id, usage_id, reverses_transaction_id, is_reversal,
            reverses_a_reversal, signature, signature_id, reason, notes, metadata
    FROM public.pms_inventory_transactions
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_people', 'select_rpc', 'insert_rpc'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY[
            'pms_inventory_transactions_pkey', 'movement_as_its_reversal_sees_it',
            'movement_as_the_next_one_sees_it', 'movement_has_one_successor', 'seq_begins_at_1',
            'stock_begins_at_0', 'change_is_not_0', 'after_is_before_and_change',
            'on_hand_is_never_negative', 'movement_follows_the_one_before',
            'movement_is_of_a_stock_of_its_yacht', 'transaction_type_is_known_and_has_its_sign',
            'opening_is_the_first', 'it_happened_before_it_was_recorded',
            'reversal_names_what_it_reverses', 'reversal_undoes_a_movement_of_its_stock',
            'usage_is_of_this_change', 'signed_types_are_signed', 'signature_has_its_proof',
            'signature_was_accepted_on_its_yacht'
        ] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('its indexes', ARRAY[
            'movement_is_reversed_once', 'usage_has_one_movement',
            'pms_inventory_transactions_by_signature'
        ] <@ ARRAY(
            SELECT x.relname::text
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS x
              ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid
              AND i.indisvalid)),
        ('its triggers', ARRAY['t10_append_only', 't20_complete_movement'] <@ ARRAY(
            SELECT t.tgname::text
            FROM pg_catalog.pg_trigger AS t
            WHERE t.tgrelid = c.oid
              AND t.tgenabled = 'A')),
        ('who may what',
         '{authenticated SELECT,pms_rpc SELECT,pms_rpc INSERT}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE has_table_privilege(r.role, c.oid, p.privilege)
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'public.pms_inventory_transactions'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'public.pms_inventory_transactions is not as planned: %', v_wrong;
    END IF;

    -- The guard fires for each statement, even one that finds no row.
    BEGIN
        DELETE FROM public.pms_inventory_transactions WHERE false;
        RAISE EXCEPTION 'public.pms_inventory_transactions lets rows be deleted';
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END;

    -- The callers are all that may; nobody else may.
    SELECT string_agg(format('%s: %s', e.function, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('private.complete_movement'::regproc,
         'VOLATILE', 'INVOKER', 'pms_rpc', '{pms_owner,pms_rpc}'::text[])
    ) AS e (function, volatility, security, owner, callers)
    JOIN pg_catalog.pg_proc AS p
      ON p.oid = e.function
    CROSS JOIN LATERAL (VALUES
        ('its owner', p.proowner = e.owner::regrole),
        ('its comment', obj_description(p.oid, 'pg_proc') <> ''),
        ('its volatility', p.provolatile = lower(left(e.volatility, 1))),
        ('whose rights it has', p.prosecdef = (e.security = 'DEFINER')),
        ('its search_path', 'search_path=pg_catalog, pg_temp' = ANY (p.proconfig)),
        ('who may call it', e.callers = ARRAY(
            SELECT r.role
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_owner',
                              'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            WHERE has_function_privilege(r.role, p.oid, 'EXECUTE')
            ORDER BY r.place))
    ) AS f (fact, holds)
    WHERE f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'functions are not as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
