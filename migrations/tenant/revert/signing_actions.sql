-- Revert part_lens_tenant:signing_actions from pg

BEGIN;

DELETE FROM private.action_registry AS a
WHERE a.action IN ('adjust_stock_quantities', 'enroll_signature', 'confirm_signature',
                   'issue_enrolment_code');

COMMIT;
