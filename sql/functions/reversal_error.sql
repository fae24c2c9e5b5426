-- private.reversal_error: why the caller cannot reverse a movement. It locks the stocks of the movement,
-- of a transfer both, in the order of their ids, so that what it finds stays true.

CREATE FUNCTION private.reversal_error(
    p_yacht_id       uuid,
    p_transaction_id uuid
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_type text;
BEGIN
    PERFORM s.stock_id
    FROM public.pms_inventory_stock AS s
    WHERE s.yacht_id = p_yacht_id
      AND s.stock_id IN (
          SELECT t.stock_id
          FROM public.pms_inventory_transactions AS t
          WHERE t.yacht_id = p_yacht_id
            -- By its key: of counterparts there is no index.
            AND t.transaction_id IN (p_transaction_id, (
                SELECT o.counterpart_id
                FROM public.pms_inventory_transactions AS o
                WHERE o.yacht_id = p_yacht_id
                  AND o.transaction_id = p_transaction_id))
            AND p_transaction_id IN (t.transaction_id, t.counterpart_id))
    ORDER BY s.stock_id
    FOR UPDATE;

    SELECT t.transaction_type
    INTO v_type
    FROM public.pms_inventory_transactions AS t
    WHERE t.yacht_id = p_yacht_id
      AND t.transaction_id = p_transaction_id;
    RETURN CASE
        WHEN v_type IS NULL THEN 'transaction_not_found'
        WHEN v_type = 'reversed' THEN 'not_reversible'
        WHEN NOT EXISTS (
            SELECT
            FROM private.action_registry AS a
            JOIN private.my_roles AS m ON m.role = ANY (a.roles)
            WHERE m.yacht_id = p_yacht_id
              AND v_type = ANY (a.transaction_types)
        ) THEN 'role_not_allowed'
        WHEN EXISTS (
            SELECT
            FROM public.pms_inventory_transactions AS r
            WHERE r.yacht_id = p_yacht_id
              AND r.reverses_transaction_id = p_transaction_id
        ) THEN 'already_reversed'
    END;
END
$function$;

ALTER FUNCTION private.reversal_error(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.reversal_error(uuid, uuid) IS
    'transaction_not_found, not_reversible, role_not_allowed, already_reversed, or NULL: the caller may reverse it, and holds its stocks.';
REVOKE ALL ON FUNCTION private.reversal_error(uuid, uuid)
    FROM PUBLIC, anon, authenticated, service_role;
