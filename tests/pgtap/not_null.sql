-- No column takes NULL but those that are named here: a new column has to be named to take it.

BEGIN;
SELECT plan((SELECT count(*)::integer + 1 FROM tap.our_tables AS t WHERE NOT t.relispartition));
SELECT tap.fleet();
SELECT tap.rows_everywhere();

-- It would fill in what is missing.
ALTER TABLE public.pms_inventory_transactions DISABLE TRIGGER t20_complete_movement;

CREATE TEMP TABLE optional ON COMMIT DROP AS
SELECT o.name, string_to_array(o.columns, ' ') AS columns
FROM (VALUES
    ('public.auth_users_roles', 'valid_until'),
    ('public.pms_audit_log', 'actor_id role entity_type entity_id error_code'),
    ('public.pms_inventory_transactions',
     'actor_id actor_role idempotency_key counterpart_id usage_id reverses_transaction_id '
     'signature_id reason notes item_id'),
    ('public.pms_part_locations', 'parent_location_id deleted_at'),
    ('public.pms_part_usage', 'work_order equipment'),
    ('public.pms_parts',
     'description manufacturer category barcode max_level primary_location_id deleted_at'),
    ('public.pms_shopping_list_items',
     'supplier reference notes reject_reason decided_by decided_at ordered_by ordered_at '
     'received_at received_transaction_id'),
    ('private.canary_decisions', 'reason'),
    ('private.enrolment_codes', 'issued_by'),
    ('private.part_search', 'barcode'),
    ('private.refusals', 'hint'),
    ('private.request_keys', 'result')
) AS o (name, columns);

SELECT isnt_empty('SELECT o.name FROM optional AS o', 'some columns take NULL');

-- One test a table. A refusal of a CHECK would be another one: NOT NULL is looked at first.
SELECT set_eq(
    format($$
        SELECT a.attname::text, tap.outcome('superuser', NULL, tap.copy_of(
                   %1$L, 'true', jsonb_build_object(a.attname, NULL))) LIKE '23502 %%'
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = %1$L::regclass
          AND a.attnum > 0
          AND a.attgenerated = ''
          AND NOT a.attisdropped$$, t.name),
    format($$
        SELECT a.attname::text, a.attname <> ALL (%2$L)
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = %1$L::regclass
          AND a.attnum > 0
          AND a.attgenerated = ''
          AND NOT a.attisdropped$$, t.name, coalesce(o.columns, '{}')),
    format('%s refuses NULL', t.name))
FROM tap.our_tables AS t
LEFT JOIN optional AS o ON o.name = t.name
WHERE NOT t.relispartition
ORDER BY t.name;

SELECT * FROM finish();
ROLLBACK;
