-- No column takes NULL but those that are named here: a new column has to be named to take it.

BEGIN;
SELECT plan((SELECT count(*)::integer + 1 FROM tap.our_tables AS t WHERE NOT t.relispartition));
SELECT tap.fleet();
INSERT INTO public.pms_part_usage
    (yacht_id, usage_id, stock_id, part_id, quantity, quantity_change, work_order, used_by, used_at)
VALUES (tap.id('yacht'), tap.id('usage'), tap.id('filter in locker'), tap.id('filter'), 3, -3,
        'WO-1', tap.id('crew'), now());
INSERT INTO public.pms_shopping_list_items (yacht_id, item_id, part_id, quantity, requested_by)
VALUES (tap.id('yacht'), tap.id('item'), tap.id('filter'), 5, tap.id('crew'));
INSERT INTO public.pms_audit_log (yacht_id, action, outcome)
VALUES (tap.id('yacht'), 'a', 'ok');
INSERT INTO private.denied_attempts (user_id, minute, yacht_id, action)
VALUES (tap.id('stranger'), '2026-01-01 00:00+00', tap.id('yacht'), 'a');
INSERT INTO private.request_keys (yacht_id, idempotency_key, actor_id, action, arguments_sha256)
VALUES (tap.id('yacht'), 'key', tap.id('crew'), 'a', sha256(''));
INSERT INTO private.enrolment_codes (yacht_id, user_id, code_sha256, expires_at)
VALUES (tap.id('yacht'), tap.id('crew'), sha256(''), now());
INSERT INTO private.signing_failures (user_id, action) VALUES (tap.id('crew'), 'a');
INSERT INTO private.signing_credentials (user_id, pin_hash, totp_secret, key_id)
VALUES (tap.id('crew'), '$2a$04$' || repeat('x', 53), '', 'key');
INSERT INTO master.tenants (tenant_key_alias, name) VALUES ('FLEET', 'Fleet');
INSERT INTO master.yachts (yacht_id, tenant_key_alias, name)
VALUES (tap.id('yacht'), 'FLEET', 'Yacht');
INSERT INTO master.user_accounts (user_id, tenant_key_alias) VALUES (tap.id('crew'), 'FLEET');
SET CONSTRAINTS ALL IMMEDIATE;

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
