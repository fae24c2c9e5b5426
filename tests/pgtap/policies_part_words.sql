-- The words of a yacht's parts are for RPCs, which count what they find by them only after a join to
-- pms_parts.

BEGIN;
SELECT plan(16);
SELECT tap.fleet();

SELECT policies_are('private', 'part_words', ARRAY['select_rpc', 'insert_rpc'],
                    'part_words has these policies');

-- Written by the trigger of pms_parts alone, whoever changes the part.
INSERT INTO public.yacht_registry (yacht_id, name) VALUES (tap.id('third yacht'), 'Third');
CREATE FUNCTION pg_temp.words() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(w.word, ' ' ORDER BY w.word COLLATE "C")
    FROM private.part_words AS w
    WHERE w.yacht_id = tap.id('third yacht')
$$;
INSERT INTO public.pms_parts (yacht_id, part_id, part_number, name)
VALUES (tap.id('third yacht'), tap.id('third pump'), '10-24228-01', '(Bilge) pump, 12V');
SELECT is(pg_temp.words(), '10-24228-01 12v bilge pump', 'a new part brings its words, whole');
INSERT INTO public.pms_parts (yacht_id, part_number, name, manufacturer)
VALUES (tap.id('third yacht'), '10-24228-02', 'Bilge PUMP', 'Jabsco');
SELECT is(pg_temp.words(), '10-24228-01 10-24228-02 12v bilge jabsco pump',
          'a word that is there is not added again');
SET LOCAL session_replication_role = replica;
UPDATE public.pms_parts AS p SET name = 'Drain pump' WHERE p.part_id = tap.id('third pump');
SET LOCAL session_replication_role = origin;
SELECT is(pg_temp.words(), '10-24228-01 10-24228-02 12v bilge drain jabsco pump',
          'a changed part brings new ones, and another part keeps those that it no longer has');
SELECT is(
    tap.answer('pms_rpc', 'crew', format(
        'SELECT count(*) FROM private.part_words AS w WHERE w.yacht_id = %L',
        tap.id('third yacht'))), '7',
    'an RPC sees the words of every yacht');
SELECT throws_ok(
    $$INSERT INTO private.part_words (yacht_id, word) VALUES (tap.id('no yacht'), 'pump')$$,
    '23503',
    'insert or update on table "part_words" violates foreign key constraint "word_is_of_a_yacht"',
    'words of a yacht that is not there are refused');
SELECT throws_ok(
    $$INSERT INTO private.part_words (yacht_id, word, word_id) OVERRIDING SYSTEM VALUE
      SELECT w.yacht_id, w.word, w.word_id FROM private.part_words AS w$$,
    '23505', 'duplicate key value violates unique constraint "part_words_pkey"',
    'a word has a number of its own');

SELECT tap.refuses('private.part_words', 'pms_rpc', 'captain',
                   ARRAY['UPDATE', 'DELETE', 'TRUNCATE']);
SELECT tap.refuses('private.part_words', 'pms_owner', 'captain', ARRAY['INSERT'],
                   'new row violates row-level security policy for table "part_words"');
SELECT tap.refuses('private.part_words', r.role, NULL, ARRAY['SELECT'],
                   'permission denied for schema private')
FROM unnest(ARRAY['authenticated', 'service_role', 'anon', 'authenticator']) AS r (role);

SELECT lives_ok(
    $$INSERT INTO public.pms_parts (yacht_id, part_number, name, description)
      SELECT tap.id('third yacht'), 'L-' || l.n, 'Long', l.description
      FROM (VALUES
          (1, repeat('x', 1000000)),
          (2, (SELECT string_agg(md5(n::text), ' ') FROM generate_series(1, 40000) AS n))
      ) AS l (n, description)$$,
    'a word of any length, and any number of words, can be written');

SELECT * FROM finish();
ROLLBACK;
