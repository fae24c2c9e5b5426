-- The words of parts are for RPCs, which count what they find only after a join to pms_parts.

BEGIN;
SELECT plan(15);
SELECT tap.fleet();

SELECT policies_are('private', 'part_search', ARRAY['select_rpc', 'insert_rpc', 'update_rpc'],
                    'part_search has these policies');

SELECT is(tap.answer('pms_rpc', 'crew', 'SELECT count(*) FROM private.part_search AS w'), '4',
          'an RPC sees the words of every part');
SELECT is(tap.answer('pms_rpc', 'crew',
                     'SELECT count(*)
                      FROM private.part_search AS w
                      JOIN public.pms_parts AS p
                        ON p.yacht_id = w.yacht_id
                       AND p.part_id = w.part_id'), '3',
          'joined to the parts they are those of the caller''s yachts');

-- Written by the trigger of pms_parts alone, whoever changes the part.
SELECT is(
    (SELECT w.words FROM private.part_search AS w WHERE w.part_id = tap.id('pump')),
    $$'01' '10' '10-24228-01' '24228' 'bilge' 'pump'$$::tsvector,
    'a new part brings its words');
UPDATE public.pms_parts AS p
SET manufacturer = 'Jabsco', description = 'Self-priming', barcode = '0713', category = 'Pumps'
WHERE p.part_id = tap.id('pump');
SELECT is(
    (SELECT w.words FROM private.part_search AS w WHERE w.part_id = tap.id('pump')),
    $$'01' '0713' '10' '10-24228-01' '24228' 'bilge' 'jabsco' 'priming' 'pump' 'pumps' 'self'
      'self-priming'$$::tsvector,
    'a changed part changes them');
SET LOCAL session_replication_role = replica;
UPDATE public.pms_parts AS p SET name = 'Drain pump' WHERE p.part_id = tap.id('pump');
SET LOCAL session_replication_role = origin;
SELECT is(
    (SELECT w.words FROM private.part_search AS w WHERE w.part_id = tap.id('pump')),
    $$'01' '0713' '10' '10-24228-01' '24228' 'drain' 'jabsco' 'priming' 'pump' 'pumps' 'self'
      'self-priming'$$::tsvector,
    'they follow under session_replication_role = replica too');
SELECT throws_ok(
    $$INSERT INTO private.part_search (yacht_id, part_id, number, words)
      VALUES (tap.id('other yacht'), tap.id('pump'), 'pump', 'pump')$$,
    '23503',
    'insert or update on table "part_search" violates foreign key constraint "words_are_of_a_part"',
    'words of a part of another yacht are refused');
SELECT throws_ok(
    $$INSERT INTO private.part_search (yacht_id, part_id, number, words)
      VALUES (tap.id('yacht'), tap.id('pump'), 'pump', 'pump')$$,
    '23505', 'duplicate key value violates unique constraint "part_search_pkey"',
    'a part has its words once');

SELECT tap.refuses('private.part_search', 'pms_rpc', 'captain', ARRAY['DELETE', 'TRUNCATE']);
SELECT tap.refuses('private.part_search', 'pms_owner', 'captain', ARRAY['INSERT'],
                   'new row violates row-level security policy for table "part_search"');
SELECT tap.refuses('private.part_search', r.role, NULL, ARRAY['SELECT'],
                   'permission denied for schema private')
FROM unnest(ARRAY['authenticated', 'service_role', 'anon', 'authenticator']) AS r (role);

SELECT * FROM finish();
ROLLBACK;
