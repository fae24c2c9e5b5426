-- Revert part_lens_master:say_what_is_inactive from pg

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
    SELECT jsonb_build_object(
        'tenant_key_alias', t.tenant_key_alias,
        'yachts', coalesce((
            SELECT jsonb_agg(jsonb_build_object('yacht_id', y.yacht_id, 'name', y.name)
                             ORDER BY y.name, y.yacht_id)
            FROM master.yachts AS y
            WHERE y.tenant_key_alias = t.tenant_key_alias
        ), '[]'))
    FROM master.user_accounts AS a
    JOIN master.tenants AS t
      ON t.tenant_key_alias = a.tenant_key_alias
    WHERE a.user_id = p_user_id
      AND a.is_active
      AND t.is_active
$function$;

COMMENT ON FUNCTION master.resolve_tenant(uuid) IS
    'The tenant of a person and its yachts: {"tenant_key_alias", "yachts": [{"yacht_id", "name"}]}; NULL without an active account in an active tenant.';

COMMIT;
