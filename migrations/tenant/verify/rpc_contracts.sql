-- Verify part_lens_tenant:rpc_contracts on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(e.function, ', ')
    INTO v_wrong
    FROM unnest(ARRAY[
        'action_list',
        'adjust_stock_quantities',
        'adjust_stock_quantity',
        'approve_shopping_item',
        'confirm_signature',
        'consume_part',
        'create_location',
        'create_part',
        'deactivate_location',
        'deactivate_part',
        'enroll_signature',
        'import_parts',
        'issue_enrolment_code',
        'low_stock_parts',
        'on_hand_as_of',
        'order_shopping_item',
        'part_suggestions',
        'reactivate_location',
        'reactivate_part',
        'receive_part',
        'receive_shopping_item',
        'reject_shopping_item',
        'request_part',
        'reverse_transaction',
        'search_parts',
        'stock_history',
        'transfer_part',
        'update_location',
        'update_part',
        'view_part_details',
        'write_off_part'
    ]) AS e (function)
    LEFT JOIN pg_catalog.pg_proc AS p
      ON p.pronamespace = 'public'::regnamespace
     AND p.proname = e.function
    WHERE (obj_description(p.oid, 'pg_proc')
           ~ E'\n\n(Requires p_[^\n]+\n)?Answers 20[01] [{[][^\n]+\nRefuses 40[03] [^\n]+$') IS NOT TRUE;
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'comments without a contract: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
