-- Deploy part_lens_master:say_what_is_inactive to pg
-- requires: resolve_tenant

BEGIN;

-- Owner and rights stay as they are: of the roles that have none, some may be gone by now.

-- master.resolve_tenant: where a person belongs. For the login master_resolver, and nobody else.

CREATE OR REPLACE FUNCTION master.resolve_tenant(p_user_id uuid)
    RETURNS jsonb
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN a.is_active AND t.is_active
        THEN jsonb_build_object(
            'tenant_key_alias', t.tenant_key_alias,
            'yachts', coalesce((
                SELECT jsonb_agg(jsonb_build_object('yacht_id', y.yacht_id, 'name', y.name)
                                 ORDER BY y.name, y.yacht_id)
                FROM master.yachts AS y
                WHERE y.tenant_key_alias = t.tenant_key_alias
            ), '[]'))
        -- Not of which tenant: whoever left it has no business with its name.
        ELSE jsonb_build_object(
            'tenant_key_alias', NULL,
            'yachts', jsonb_build_array(),
            'inactive', CASE WHEN a.is_active THEN 'tenant' ELSE 'account' END)
    END
    FROM master.user_accounts AS a
    JOIN master.tenants AS t
      ON t.tenant_key_alias = a.tenant_key_alias
    WHERE a.user_id = p_user_id
$function$;

COMMENT ON FUNCTION master.resolve_tenant(uuid) IS
    'The tenant of a person and its yachts: {"tenant_key_alias", "yachts": [{"yacht_id", "name"}]}. Without an active account in an active tenant the alias is null and "inactive" says which of the two is not: account or tenant. NULL without an account.';

COMMIT;
