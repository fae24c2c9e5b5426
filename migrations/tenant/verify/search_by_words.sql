-- Verify part_lens_tenant:search_by_words on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    PERFORM yacht_id, word, word_id
    FROM private.part_words
    WHERE false;

    SELECT string_agg(f.fact, ', ')
    INTO v_wrong
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL (VALUES
        ('its owner', c.relowner = 'pms_owner'::regrole),
        ('its comment', obj_description(c.oid, 'pg_class') <> ''),
        ('row security', c.relrowsecurity AND c.relforcerowsecurity),
        ('its policies', ARRAY['select_rpc', 'insert_rpc'] <@ ARRAY(
            SELECT p.polname::text FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)),
        ('its constraints', ARRAY['part_words_pkey', 'word_is_of_a_yacht'] <@ ARRAY(
            SELECT k.conname::text
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = c.oid
              AND k.convalidated)),
        ('its indexes', ARRAY['part_words_by_likeness'] <@ ARRAY(
            SELECT x.relname::text
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS x
              ON x.oid = i.indexrelid
            WHERE i.indrelid = c.oid
              AND i.indisvalid)),
        ('who may what',
         '{pms_rpc SELECT,pms_rpc INSERT}'::text[] = ARRAY(
            SELECT r.role || ' ' || p.privilege
            FROM unnest(ARRAY['public', 'anon', 'authenticated', 'service_role', 'pms_rpc'])
                WITH ORDINALITY AS r (role, place)
            CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
                                    'REFERENCES', 'TRIGGER'])
                WITH ORDINALITY AS p (privilege, place)
            WHERE has_table_privilege(r.role, c.oid, p.privilege)
            ORDER BY r.place, p.place))
    ) AS f (fact, holds)
    WHERE c.oid = 'private.part_words'::regclass
      AND f.holds IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'private.part_words is not as planned: %', v_wrong;
    END IF;

    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = 'private.part_search'::regclass
          AND a.attname = 'words'
          AND a.atttypid = 'tsvector'::regtype
    ) THEN
        RAISE EXCEPTION 'private.part_search has its words as one text';
    END IF;
    IF EXISTS (
        SELECT
        FROM (
            SELECT DISTINCT w.yacht_id
            FROM private.part_search AS w
            WHERE w.words <> ''
        ) AS s
        WHERE NOT EXISTS (
            SELECT
            FROM private.part_words AS k
            WHERE k.yacht_id = s.yacht_id
        )
    ) THEN
        RAISE EXCEPTION 'the words of a yacht are missing in private.part_words';
    END IF;

    -- The callers are all that may; nobody else may.
    SELECT string_agg(format('%s: %s', e.function, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('private.words_of'::regproc,
         'IMMUTABLE', 'INVOKER', 'pms_rpc', '{pms_rpc}'::text[]),
        ('private.searchable'::regproc,
         'IMMUTABLE', 'INVOKER', 'pms_rpc', '{pms_rpc}'),
        ('private.beginnings'::regproc,
         'IMMUTABLE', 'INVOKER', 'pms_rpc', '{pms_rpc}'),
        ('private.parts_with_words'::regproc,
         'STABLE', 'INVOKER', 'pms_rpc', '{pms_rpc}'),
        ('private.words_like'::regproc,
         'STABLE', 'INVOKER', 'pms_rpc', '{pms_rpc}'),
        ('private.parts_like_words'::regproc,
         'STABLE', 'INVOKER', 'pms_rpc', '{pms_rpc}'),
        ('private.find_parts'::regproc,
         'STABLE', 'INVOKER', 'pms_rpc', '{pms_rpc}'),
        ('private.index_part_words'::regproc,
         'VOLATILE', 'DEFINER', 'pms_rpc', '{pms_owner,pms_rpc}')
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
