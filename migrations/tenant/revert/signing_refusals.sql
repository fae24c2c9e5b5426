-- Revert part_lens_tenant:signing_refusals from pg

BEGIN;

DELETE FROM private.refusals AS r
WHERE r.code IN (
    'signature_required',
    'invalid_signature',
    'signature_not_enrolled',
    'invalid_enrolment_code',
    'transaction_not_found',
    'already_reversed',
    'not_reversible',
    'signing_key_missing',
    'signature_locked',
    'signature_busy');

COMMIT;
