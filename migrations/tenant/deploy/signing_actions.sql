-- Deploy part_lens_tenant:signing_actions to pg
-- requires: action_registry

BEGIN;

INSERT INTO private.action_registry
    (action, lens, description, roles, is_write, is_signed, required_arguments, transaction_types,
     success_status)
VALUES
    ('adjust_stock_quantities', 'stock', 'Correct many stocks to a count',
     ARRAY['chief_engineer', 'captain', 'manager'], true, true, '{p_counts,p_reason}', '{adjusted}',
     200),
    ('enroll_signature', 'person', 'Choose a PIN and an authenticator to sign with',
     ARRAY['crew', 'deckhand', 'steward', 'engineer', 'eto', 'chief_engineer',
           'chief_officer', 'chief_steward', 'purser', 'captain', 'manager'],
     false, false, '{p_pin}', '{}', 200),
    ('confirm_signature', 'person', 'Confirm one''s authenticator',
     ARRAY['crew', 'deckhand', 'steward', 'engineer', 'eto', 'chief_engineer',
           'chief_officer', 'chief_steward', 'purser', 'captain', 'manager'],
     false, false, '{p_totp}', '{}', 200),
    ('issue_enrolment_code', 'person', 'Let a person enrol for signing', ARRAY['captain', 'manager'],
     true, true, '{p_user_id}', '{}', 201);

COMMIT;
