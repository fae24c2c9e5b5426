-- Verify part_lens_tenant:signing_actions on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(e.action, ', ')
    INTO v_wrong
    FROM (VALUES
        ('adjust_stock_quantities', 3, true),
        ('enroll_signature', 11, false),
        ('confirm_signature', 11, false),
        ('issue_enrolment_code', 2, true)
    ) AS e (action, roles, is_signed)
    WHERE NOT EXISTS (
        SELECT
        FROM private.action_registry AS a
        WHERE a.action = e.action
          AND cardinality(a.roles) = e.roles
          AND a.is_signed = e.is_signed);
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'actions are not as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
