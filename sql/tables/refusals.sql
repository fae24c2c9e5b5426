-- refusals: every code with which an RPC may refuse, with its status and its words. `message` never
-- holds a value; what varies goes into `details`. rpc/ERRORS.md says the same to people.

CREATE TABLE private.refusals (
    code        text     NOT NULL,
    http_status smallint NOT NULL,
    message     text     NOT NULL,
    hint        text,
    CONSTRAINT refusals_pkey PRIMARY KEY (code),
    CONSTRAINT refusal_is_a_client_error CHECK (http_status BETWEEN 400 AND 499)
);

ALTER TABLE private.refusals OWNER TO pms_owner;
COMMENT ON TABLE private.refusals IS 'The codes with which RPCs refuse.';
COMMENT ON COLUMN private.refusals.http_status IS 'Status of the answer, 400 to 499.';
REVOKE ALL ON TABLE private.refusals FROM PUBLIC, anon, authenticated, service_role;

INSERT INTO private.refusals (code, http_status, message, hint) VALUES
    ('invalid_argument', 400, 'An argument is missing or invalid', 'See details for the argument and the reason.'),
    ('invalid_quantity', 400, 'The quantity is out of range', 'Give a whole number from 1 to 1000000.'),
    ('missing_idempotency_key', 400, 'The idempotency key is missing or invalid', 'Send 1 to 255 characters in p_idempotency_key, the same again when you retry.'),
    ('same_location', 400, 'Both locations are the same', 'Give two different locations.'),
    ('not_on_yacht', 403, 'You have no role on this yacht', 'Ask a captain or manager of the yacht for a role.'),
    ('role_not_allowed', 403, 'Your role may not do this', 'action_list says which roles may.'),
    ('part_not_found', 404, 'No such part on this yacht', NULL),
    ('stock_not_found', 404, 'No such stock of this part', 'Give p_stock_id, or a primary location to the part.'),
    ('location_not_found', 404, 'No such location on this yacht', NULL),
    ('insufficient_stock', 409, 'There is not enough in stock', 'See details for what is there.'),
    ('duplicate_idempotency_key', 409, 'This call was already carried out', 'details holds the answer of the first call.'),
    ('idempotency_key_reused', 409, 'The idempotency key belongs to another call', 'Make a new key for each call.'),
    ('part_deactivated', 409, 'The part is deactivated', 'Reactivate it first.'),
    ('location_deactivated', 409, 'The location is deactivated', 'Reactivate it first.'),
    ('stale_count', 409, 'The stock has moved since it was read', 'Read it again; details holds the current seq.'),
    ('location_name_taken', 409, 'Another location in the same place has this name', NULL),
    ('part_number_taken', 409, 'Another part has this part number or barcode', NULL);

INSERT INTO private.refusals (code, http_status, message, hint) VALUES
    ('stock_not_empty', 409, 'Parts are still in stock', 'Consume, transfer or write off what is left.'),
    ('illegal_transition', 409, 'The present state does not allow this', 'See details for the state.');

INSERT INTO private.refusals (code, http_status, message, hint) VALUES
    ('item_not_found', 404, 'No such item on the shopping list of this yacht', NULL);

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

INSERT INTO private.refusals (code, http_status, message, hint) VALUES
    ('feature_disabled', 404, 'This version is not switched on for this yacht yet', 'Use the version before.');
