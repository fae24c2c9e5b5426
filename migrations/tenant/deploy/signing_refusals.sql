-- Deploy part_lens_tenant:signing_refusals to pg
-- requires: refusals

BEGIN;

INSERT INTO private.refusals (code, http_status, message, hint) VALUES
    ('signature_required', 400, 'A signature is required', 'Send PIN and code in p_signature: {"pin": "…", "totp": "…"}.'),
    ('invalid_signature', 403, 'The signature is not valid', 'Check the PIN, and wait for the next code.'),
    ('signature_not_enrolled', 403, 'You are not enrolled for signing', 'Ask a captain or manager for an enrolment code.'),
    ('invalid_enrolment_code', 403, 'The enrolment code is not valid', 'Ask a captain or manager for a new one.'),
    ('transaction_not_found', 404, 'No such movement on this yacht', NULL),
    ('already_reversed', 409, 'The movement is reversed already', NULL),
    ('not_reversible', 409, 'The movement cannot be reversed', 'A reversal stays; make the movement again instead.'),
    ('signing_key_missing', 409, 'Signing is not set up on this server', 'Whoever runs the server must give it a key.'),
    ('signature_locked', 423, 'Too many wrong signatures', 'Wait for 15 minutes.'),
    ('signature_busy', 429, 'Another signature of yours is being checked', 'Try again in a moment.');

COMMIT;
