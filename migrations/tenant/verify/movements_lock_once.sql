-- Verify part_lens_tenant:movements_lock_once on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    -- The callers are all that may; nobody else may.
    SELECT string_agg(format('%s: %s', e.function, f.fact), ', ')
    INTO v_wrong
    FROM (VALUES
        ('private.movement_error'::regproc,
         'VOLATILE', 'INVOKER', 'pms_rpc', '{pms_rpc}'::text[]),
        ('private.complete_movement'::regproc,
         'VOLATILE', 'INVOKER', 'pms_rpc', '{pms_owner,pms_rpc}'::text[]),
        ('private.append_movement'::regproc,
         'VOLATILE', 'INVOKER', 'pms_rpc', '{pms_rpc}'::text[])
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

    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_proc AS p
        WHERE p.oid = 'private.append_movement'::regproc
          AND p.prosrc LIKE '%movement_error%'
    ) THEN
        RAISE EXCEPTION 'an RPC does not ask the ledger';
    END IF;

    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_proc AS p
        WHERE p.oid = 'private.complete_movement'::regproc
          AND p.prosrc LIKE '%v_asks%'
    ) THEN
        RAISE EXCEPTION 'the ledger does not answer who asks';
    END IF;
END
$verify$;

ROLLBACK;
