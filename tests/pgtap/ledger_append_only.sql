-- The ledger and the usage of parts are append-only: for every role, for the owner, and for a
-- superuser with session_replication_role = replica. (An owner who disables the trigger is the
-- limit.)

BEGIN;
SELECT plan(70);
SELECT tap.fleet();
-- TRUNCATE … CASCADE names what it would take along.
SET LOCAL client_min_messages = warning;

SELECT trigger_is('public', 'pms_inventory_transactions', 't10_append_only', 'private',
                  'refuse_change', 'the ledger has the guard of append-only tables');
SELECT trigger_is('public', 'pms_part_usage', 't10_append_only', 'private', 'refuse_change',
                  'the usage of parts has the guard of append-only tables');

SELECT tap.refuses(t.name, a.role, a.who, ARRAY['UPDATE', 'DELETE', 'TRUNCATE'], a.message)
FROM (VALUES ('public.pms_inventory_transactions'), ('public.pms_part_usage')) AS t (name)
CROSS JOIN LATERAL (VALUES
    ('superuser',          NULL,      t.name || ' is append-only'),
    ('replica',            NULL,      t.name || ' is append-only'),
    ('part_lens_deployer', NULL,      t.name || ' is append-only'),
    ('pms_owner',          NULL,      t.name || ' is append-only'),
    ('pms_owner',          'captain', t.name || ' is append-only'),
    ('pms_rpc',            'captain', NULL),
    ('authenticated',      'captain', NULL),
    ('authenticated',      'stranger', NULL),
    ('service_role',       NULL,      NULL),
    ('authenticator',      NULL,      NULL),
    ('anon',               NULL,      NULL)
) AS a (role, who, message);

SELECT throws_ok(
    $$SELECT tap.run_as('pms_rpc', 'captain',
        'ALTER TABLE public.pms_inventory_transactions DISABLE TRIGGER ALL')$$,
    '42501', 'must be owner of table pms_inventory_transactions',
    'pms_rpc cannot take the guard off the ledger');

SELECT results_eq(
    $$SELECT t.transaction_id, t.seq, t.on_hand_after
      FROM public.pms_inventory_transactions AS t
      ORDER BY t.yacht_id = tap.id('other yacht'), t.seq$$,
    $$VALUES (tap.id('filter opening'), 1, 10),
             (tap.id('filter use'), 2, 7),
             (tap.id('other opening'), 1, 5)$$,
    'after all that the ledger is as it was');

SELECT * FROM finish();
ROLLBACK;
