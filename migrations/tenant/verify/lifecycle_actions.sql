-- Verify part_lens_tenant:lifecycle_actions on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(f.fault, ', ')
    INTO v_wrong
    FROM (VALUES
        ('an action is not a captain''s and a manager''s', 4 = (
            SELECT count(*)
            FROM private.action_registry AS a
            WHERE a.action IN ('deactivate_part', 'reactivate_part', 'deactivate_location',
                               'reactivate_location')
              AND a.roles = '{captain,manager}'
              AND a.is_write
              AND 'p_reason' = ANY (a.required_arguments)
              AND a.transaction_types = '{}')),
        ('a refusal is not answered with 409', 2 = (
            SELECT count(*)
            FROM private.refusals AS r
            WHERE r.code IN ('stock_not_empty', 'illegal_transition')
              AND r.http_status = 409))
    ) AS f (fault, is_ruled_out)
    WHERE f.is_ruled_out IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
