-- What a row refers to is not deleted, whoever deletes: each foreign key alone, without the other keys
-- and guards of the table that would refuse first.

BEGIN;
-- All but words_are_of_a_part: the words of a part go with it.
SELECT plan((SELECT count(*)::integer FROM tap.our_foreign_keys) - 1);
SELECT tap.fleet();
SELECT tap.rows_everywhere();

-- A movement of each kind that refers to something.
SELECT tap.insert_movement(m.movement)
FROM (VALUES
    (tap.movement('reversed')),
    (tap.movement('write_off')),
    (tap.movement('consumed') || jsonb_build_object(
        'usage_id', tap.id('usage'), 'quantity_change', -3)),
    (tap.movement('received') || jsonb_build_object(
        'item_id', tap.id('item'), 'transaction_id', tap.id('delivery')))
) AS m (movement);
UPDATE public.pms_shopping_list_items AS i
SET status = 'ordered', decided_by = tap.id('captain'), ordered_by = tap.id('captain'),
    quantity_received = 1, received_transaction_id = tap.id('delivery')
WHERE i.item_id = tap.id('item');

CREATE FUNCTION pg_temp.delete_all(p_key oid, p_parent text)
    RETURNS void
    LANGUAGE plpgsql
AS $function$
DECLARE
    v_trigger name;
    v_row     tid;
BEGIN
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER ALL', p_parent);
    FOR v_trigger IN
        SELECT g.tgname
        FROM pg_catalog.pg_trigger AS g
        WHERE g.tgconstraint = p_key
          AND g.tgrelid = p_parent::regclass
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER %I', p_parent, v_trigger);
    END LOOP;
    -- One after the other: with a row of the same table goes what refers to it.
    FOR v_row IN EXECUTE format('SELECT t.ctid FROM %s AS t ORDER BY t.ctid', p_parent) LOOP
        EXECUTE format('DELETE FROM %s AS t WHERE t.ctid = $1', p_parent) USING v_row;
    END LOOP;
END
$function$;

SELECT is(
    tap.outcome('superuser', NULL, format(
        'SELECT pg_temp.delete_all(%s, %L)', k.oid, parent.name)),
    format('23503 update or delete on table "%s" violates foreign key constraint "%s" on table "%s"',
           parent.relname, n.conname, child.relname),
    format('%s: what it refers to stays', k.name))
FROM tap.our_foreign_keys AS k
JOIN pg_catalog.pg_constraint AS n ON n.oid = k.oid
JOIN tap.our_tables AS parent ON parent.oid = k.confrelid
JOIN tap.our_tables AS child ON child.oid = k.conrelid
WHERE k.name <> 'private.part_search: words_are_of_a_part'
ORDER BY k.name;

SELECT * FROM finish();
ROLLBACK;
