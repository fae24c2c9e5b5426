-- Verify part_lens_tenant:shopping_actions on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(f.fault, ', ')
    INTO v_wrong
    FROM (VALUES
        ('an action is not for the right roles', 6 = (
            SELECT count(*)
            FROM private.action_registry AS a
            WHERE (a.action IN ('part_suggestions', 'request_part') AND a.roles @> '{crew,captain}')
               OR (a.action IN ('approve_shopping_item', 'reject_shopping_item',
                                'order_shopping_item', 'receive_shopping_item')
                   AND a.roles @> '{eto,captain}'
                   AND NOT a.roles && '{crew,deckhand,steward,engineer}'))),
        ('item_not_found is not answered with 404', EXISTS (
            SELECT
            FROM private.refusals AS r
            WHERE r.code = 'item_not_found'
              AND r.http_status = 404))
    ) AS f (fault, is_ruled_out)
    WHERE f.is_ruled_out IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
