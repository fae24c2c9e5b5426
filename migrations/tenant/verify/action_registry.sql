-- Verify part_lens_tenant:action_registry on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM action, lens, description, roles, is_write, is_signed, required_arguments,
            transaction_types, success_status
    FROM private.action_registry
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_rpc'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY[
            'action_registry_pkey', 'action_has_roles', 'only_writes_are_signed',
            'only_writes_move_stock', 'success_is_200_or_201'
        ] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('who may what', '{pms_rpc SELECT}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE has_table_privilege(r.role, c.oid, p.privilege)
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'private.action_registry'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'private.action_registry is not as planned: %', v_wrong;
    END IF;

    SELECT string_agg(f.fault, ', ')
    INTO v_wrong
    FROM (VALUES
        ('an action is missing', ARRAY[
            'view_part_details', 'search_parts', 'low_stock_parts', 'action_list',
            'stock_history', 'on_hand_as_of', 'consume_part', 'transfer_part', 'write_off_part',
            'receive_part', 'adjust_stock_quantity', 'reverse_transaction', 'create_part',
            'update_part', 'create_location', 'update_location', 'import_parts'
        ] <@ ARRAY(
            SELECT a.action FROM private.action_registry AS a)),
        ('an action is not for the right roles', 4 = (
            SELECT count(*)
            FROM private.action_registry AS a
            WHERE (a.action = 'consume_part' AND a.roles @> '{crew,captain}')
               OR (a.action = 'receive_part' AND a.roles @> '{eto,captain}'
                   AND NOT a.roles && '{crew,deckhand,steward,engineer}')
               OR (a.action = 'adjust_stock_quantity' AND a.roles @> '{chief_engineer,captain}'
                   AND NOT a.roles && '{crew,eto,purser}')
               OR (a.action = 'write_off_part' AND a.is_signed AND a.roles @> '{crew,captain}'))),
        ('a movement type that must be signed can be written unsigned', NOT EXISTS (
            SELECT
            FROM private.action_registry AS a
            WHERE a.transaction_types && '{adjusted,write_off,reversed}'
              AND NOT a.is_signed))
    ) AS f (fault, is_ruled_out)
    WHERE f.is_ruled_out IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
