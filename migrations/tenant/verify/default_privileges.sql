-- Verify part_lens_tenant:default_privileges on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(format('%s on %s', r.role, k.kind), ', ')
    INTO v_wrong
    FROM unnest(ARRAY['anon', 'authenticated', 'service_role']) AS r (role)
    CROSS JOIN unnest(ARRAY['r', 'S', 'f']::"char"[]) AS k (kind)
    WHERE NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_default_acl AS d
        CROSS JOIN LATERAL aclexplode(d.defaclacl) AS a
        WHERE d.defaclnamespace = 'public'::regnamespace
          AND d.defaclobjtype = k.kind
          AND a.grantee = r.role::regrole
    );
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'default privileges are missing: %', v_wrong;
    END IF;

    -- Nowhere else: what is forgotten in the machinery is closed.
    IF EXISTS (
        SELECT
        FROM pg_catalog.pg_default_acl AS d
        CROSS JOIN LATERAL aclexplode(d.defaclacl) AS a
        WHERE d.defaclnamespace IN (0, coalesce(to_regnamespace('private'), 0))
          AND a.grantee IN ('anon'::regrole, 'authenticated'::regrole, 'service_role'::regrole)
    ) THEN
        RAISE EXCEPTION 'API roles have default privileges outside the schema public';
    END IF;
END
$verify$;

ROLLBACK;
