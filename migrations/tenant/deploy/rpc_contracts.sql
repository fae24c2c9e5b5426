-- Deploy part_lens_tenant:rpc_contracts to pg
-- requires: reversed_deliveries
-- requires: action_list
-- requires: adjust_stock_quantities
-- requires: adjust_stock_quantity
-- requires: approve_shopping_item
-- requires: confirm_signature
-- requires: consume_part
-- requires: create_location
-- requires: create_part
-- requires: deactivate_location
-- requires: deactivate_part
-- requires: enroll_signature
-- requires: import_parts
-- requires: issue_enrolment_code
-- requires: low_stock_parts
-- requires: on_hand_as_of
-- requires: order_shopping_item
-- requires: part_suggestions
-- requires: reactivate_location
-- requires: reactivate_part
-- requires: receive_part
-- requires: receive_shopping_item
-- requires: reject_shopping_item
-- requires: request_part
-- requires: reverse_transaction
-- requires: search_parts
-- requires: stock_history
-- requires: transfer_part
-- requires: update_location
-- requires: update_part
-- requires: view_part_details
-- requires: write_off_part

BEGIN;

COMMENT ON FUNCTION public.action_list(
    uuid, uuid) IS
'Lists the actions: what each requires beside p_yacht_id, whether it is signed, which roles may run it, and whether the caller may.

p_yacht_id: the yacht.
p_part_id: a part; blocked_by then says what keeps an action from it.

Answers 200 [{"action": "text", "lens": "text", "description": "text", "required_fields": "text[]", "is_signed": "boolean", "roles": "text[]", "allowed": "boolean", "blocked_by": "text?"}]
Refuses 403 not_on_yacht; 404 feature_disabled, part_not_found';

COMMENT ON FUNCTION public.adjust_stock_quantities(
    uuid, jsonb, text, text, jsonb, timestamptz, text) IS
'Corrects many stocks to what was counted, all or none, under one signature.
transaction_id is null where the count confirms what is on record.

p_yacht_id: the yacht.
p_counts: 1 to 1000 objects with part_id and counted_quantity (units, 0 to 1,000,000), and any of stock_id and expected_seq.
p_reason: any text, 1 to 2000 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_signature: {"pin": "…", "totp": "…"}, both texts.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.

Requires p_counts, p_reason, p_idempotency_key, p_signature
Answers 200 {"success": "boolean", "action": "text", "counted": "integer", "adjusted": "integer", "results": [{"transaction_id": "uuid?", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer"}]}
Refuses 400 invalid_quantity, invalid_argument, signature_required, missing_idempotency_key; 403 not_on_yacht, role_not_allowed, invalid_signature, signature_not_enrolled; 404 feature_disabled, part_not_found, stock_not_found; 409 part_deactivated, location_deactivated, stale_count, signing_key_missing, duplicate_idempotency_key, idempotency_key_reused; 423 signature_locked; 429 signature_busy';

COMMENT ON FUNCTION public.adjust_stock_quantity(
    uuid, uuid, integer, text, text, jsonb, uuid, timestamptz, text, integer) IS
'Corrects a stock to what was counted. Signed.
transaction_id is null where the count confirms what is on record.

p_yacht_id: the yacht.
p_part_id: the part.
p_counted_quantity: units, 0 to 1,000,000.
p_reason: any text, 1 to 2000 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_signature: {"pin": "…", "totp": "…"}, both texts.
p_stock_id: which stock; without it the one at the primary location, or the only one.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.
p_expected_seq: the newest seq that the caller saw; refused with stale_count if the stock has moved since.

Requires p_part_id, p_counted_quantity, p_reason, p_idempotency_key, p_signature
Answers 200 {"success": "boolean", "action": "text", "transaction_id": "uuid?", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint"}
Refuses 400 invalid_quantity, invalid_argument, signature_required, missing_idempotency_key; 403 not_on_yacht, role_not_allowed, invalid_signature, signature_not_enrolled; 404 feature_disabled, part_not_found, stock_not_found; 409 part_deactivated, location_deactivated, stale_count, signing_key_missing, duplicate_idempotency_key, idempotency_key_reused; 423 signature_locked; 429 signature_busy';

COMMENT ON FUNCTION public.approve_shopping_item(uuid, uuid, text) IS
'Approves an item of the shopping list that was requested.

p_yacht_id: the yacht.
p_item_id: the item of the shopping list.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.

Requires p_item_id, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "item_id": "uuid", "part_id": "uuid", "status": "text"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, item_not_found; 409 illegal_transition, part_deactivated, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.confirm_signature(
    uuid, text) IS
'Ends the caller''s enrolment: from now on PIN and authenticator sign.

p_yacht_id: the yacht.
p_totp: the code that the authenticator shows, 6 digits.

Requires p_totp
Answers 200 {"success": "boolean", "action": "text", "user_id": "uuid"}
Refuses 400 invalid_argument; 403 not_on_yacht, invalid_signature, signature_not_enrolled; 409 signing_key_missing; 423 signature_locked; 429 signature_busy';

COMMENT ON FUNCTION public.consume_part(
    uuid, uuid, integer, text, uuid, text, text, timestamptz, text, integer) IS
'Takes parts out of stock.

p_yacht_id: the yacht.
p_part_id: the part.
p_quantity: units, 1 to 1,000,000.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_stock_id: which stock; without it the one at the primary location, or the only one.
p_work_order, p_equipment: what for, up to 200 characters each.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.
p_expected_seq: the newest seq that the caller saw; refused with stale_count if the stock has moved since.

Requires p_part_id, p_quantity, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint"}
Refuses 400 invalid_quantity, invalid_argument, missing_idempotency_key; 403 not_on_yacht; 404 feature_disabled, part_not_found, stock_not_found; 409 insufficient_stock, part_deactivated, location_deactivated, stale_count, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.create_location(
    uuid, text, text, uuid) IS
'Adds a location.

p_yacht_id: the yacht.
p_name: 1 to 200 characters, without " / ".
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_parent_location_id: what it is in; null: a root, such as a deck.

Requires p_name, p_idempotency_key
Answers 201 {"success": "boolean", "action": "text", "location_id": "uuid", "path": "text"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, location_not_found; 409 location_name_taken, location_deactivated, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.create_part(
    uuid, text, text, text, text, text, text, text, text, integer, integer, boolean, uuid,
    integer) IS
'Adds a part to the catalogue, with a stock at its primary location and an opening quantity there.

p_yacht_id: the yacht.
p_part_number: 1 to 100 characters, unique on the yacht whatever the case.
p_name: 1 to 200 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_description, p_manufacturer, p_category, p_barcode: texts.
p_unit: what a quantity of 1 is.
p_min_level: units, 0 to 1,000,000; 0 is never reported as low.
p_max_level: units, 0 to 1,000,000; null means twice p_min_level.
p_is_critical: whether the yacht depends on it.
p_primary_location_id: where it is kept.
p_opening_quantity: units, 0 to 1,000,000; needs a primary location.

Requires p_part_number, p_name, p_idempotency_key
Answers 201 {"success": "boolean", "action": "text", "part_id": "uuid", "stock_id": "uuid?", "transaction_id": "uuid?", "on_hand": "bigint"}
Refuses 400 invalid_argument, invalid_quantity, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, location_not_found; 409 part_number_taken, location_deactivated, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.deactivate_location(uuid, uuid, text, text) IS
'Deactivates a location that holds neither parts nor active locations: nothing moves there any more.
changed is false when it was deactivated already; primary_of counts the active parts that have it as primary location still.

p_yacht_id: the yacht.
p_location_id: the location.
p_reason: any text, 1 to 2000 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.

Requires p_location_id, p_reason, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "location_id": "uuid", "is_active": "boolean", "changed": "boolean", "primary_of": "integer"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, location_not_found; 409 stock_not_empty, illegal_transition, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.deactivate_part(uuid, uuid, text, text) IS
'Deactivates a part of which nothing is in stock: it is no longer found, reported as low or moved, and its history stays.
changed is false when it was deactivated already.

p_yacht_id: the yacht.
p_part_id: the part.
p_reason: any text, 1 to 2000 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.

Requires p_part_id, p_reason, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "part_id": "uuid", "is_active": "boolean", "changed": "boolean"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, part_not_found; 409 stock_not_empty, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.enroll_signature(
    uuid, text, text, jsonb) IS
'Begins the caller''s enrolment for signing, or a change of it; confirm_signature ends it.
otpauth_uri is for an authenticator, and is told once.

p_yacht_id: the yacht.
p_pin: the new PIN, 6 to 12 digits.
p_code: a code from a captain or manager; not needed with p_signature.
p_signature: the old {"pin": "…", "totp": "…"}, for a change.

Requires p_pin
Answers 200 {"success": "boolean", "action": "text", "user_id": "uuid", "otpauth_uri": "text"}
Refuses 400 invalid_argument, signature_required; 403 not_on_yacht, invalid_signature, signature_not_enrolled, invalid_enrolment_code; 409 signing_key_missing; 423 signature_locked; 429 signature_busy';

COMMENT ON FUNCTION public.import_parts(
    uuid, jsonb, text, boolean) IS
'Adds and changes many parts at once, by part number.
A refused row costs no other.

p_yacht_id: the yacht.
p_rows: 1 to 1000 objects with part_number and name, and any of line, description, manufacturer, category, unit, barcode, min_level, max_level, is_critical, location (a path of names separated by " / ", made when missing) and opening_quantity (the first movement of a part without any).
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_dry_run: answer the same and write nothing.

Requires p_rows, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "dry_run": "boolean", "rows": "integer", "created": [{"line": "integer", "part_id": "uuid?", "part_number": "text"}], "updated": [{"line": "integer", "part_id": "uuid?", "part_number": "text"}], "unchanged": "integer", "locations_created": "integer", "refused": [{"line": "integer", "code": "text", "field": "text?", "reason": "text"}]}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled; 409 duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.issue_enrolment_code(
    uuid, uuid, text, jsonb) IS
'Gives a person of the yacht a code, for one day and one use, to enrol with for signing. Signed.
The code is told once: a repeated call has null in its place. A service may call it, unsigned, for the first captain or manager of a yacht.

p_yacht_id: the yacht.
p_user_id: the person.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_signature: {"pin": "…", "totp": "…"}, both texts.

Requires p_user_id, p_idempotency_key
Answers 201 {"success": "boolean", "action": "text", "user_id": "uuid", "enrolment_code": "text?", "expires_at": "timestamptz"}
Refuses 400 invalid_argument, signature_required, missing_idempotency_key; 403 not_on_yacht, role_not_allowed, invalid_signature, signature_not_enrolled; 409 signing_key_missing, duplicate_idempotency_key, idempotency_key_reused; 423 signature_locked; 429 signature_busy';

COMMENT ON FUNCTION public.low_stock_parts(
    uuid, text, integer) IS
'Lists active parts of which less is on hand than their minimum, critical ones first, with what is on order and a quantity to order.
A part with min_level 0 is never listed.

p_yacht_id: the yacht.
p_after: cursor of the last row of the page before.
p_limit: rows, 1 to 500.

Answers 200 [{"part_id": "uuid", "part_number": "text", "name": "text", "unit": "text", "is_critical": "boolean", "min_level": "integer", "max_level": "integer?", "on_hand": "bigint", "on_order": "bigint", "suggested_quantity": "bigint", "cursor": "text"}]
Refuses 400 invalid_argument; 403 not_on_yacht; 404 feature_disabled';

COMMENT ON FUNCTION public.on_hand_as_of(
    uuid, uuid, timestamptz, text) IS
'Says what was on hand of a part at a time.

p_yacht_id: the yacht.
p_part_id: the part.
p_at: the time.
p_clock: recorded (what the ledger said then) or occurred (what had happened on board by then).

Requires p_part_id, p_at
Answers 200 {"part_id": "uuid", "at": "timestamptz", "clock": "text", "on_hand": "bigint", "stocks": [{"stock_id": "uuid", "location_id": "uuid", "on_hand": "bigint"}]}
Refuses 400 invalid_argument; 403 not_on_yacht; 404 feature_disabled, part_not_found';

COMMENT ON FUNCTION public.order_shopping_item(uuid, uuid, text, text, text) IS
'Records that an approved item of the shopping list is ordered.

p_yacht_id: the yacht.
p_item_id: the item of the shopping list.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_supplier, p_reference: of the order, up to 200 characters each.

Requires p_item_id, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "item_id": "uuid", "part_id": "uuid", "status": "text"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, item_not_found; 409 illegal_transition, part_deactivated, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.part_suggestions(uuid, uuid) IS
'Says how much of a part to order: up to max_level, or twice min_level, less what is on hand and on order.
suppressed_by says why nothing (deactivated, no_minimum, enough_on_hand, enough_on_order), or is null. on_order is what was approved or ordered and not received; requested is not approved yet and only warns (already_requested).

p_yacht_id: the yacht.
p_part_id: the part.

Requires p_part_id
Answers 200 {"part_id": "uuid", "part_number": "text", "name": "text", "unit": "text", "is_critical": "boolean", "min_level": "integer", "max_level": "integer?", "on_hand": "bigint", "on_order": "bigint", "requested": "bigint", "suggested_quantity": "bigint", "suppressed_by": "text?", "warnings": "text[]"}
Refuses 400 invalid_argument; 403 not_on_yacht; 404 feature_disabled, part_not_found';

COMMENT ON FUNCTION public.reactivate_location(uuid, uuid, text, text) IS
'Reactivates a deactivated location whose parent is active.
changed is false when it was active already.

p_yacht_id: the yacht.
p_location_id: the location.
p_reason: any text, 1 to 2000 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.

Requires p_location_id, p_reason, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "location_id": "uuid", "is_active": "boolean", "changed": "boolean"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, location_not_found; 409 location_deactivated, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.reactivate_part(uuid, uuid, text, text) IS
'Reactivates a deactivated part, with its history and locations.
changed is false when it was active already.

p_yacht_id: the yacht.
p_part_id: the part.
p_reason: any text, 1 to 2000 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.

Requires p_part_id, p_reason, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "part_id": "uuid", "is_active": "boolean", "changed": "boolean"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, part_not_found; 409 duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.receive_part(
    uuid, uuid, integer, text, uuid, text, text, uuid, timestamptz, text, integer) IS
'Puts delivered parts into stock.

p_yacht_id: the yacht.
p_part_id: the part.
p_quantity: units, 1 to 1,000,000.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_stock_id, p_location_id: where, one of them; without either at the primary location, or the only stock.
p_supplier, p_reference: of the delivery, up to 200 characters each.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.
p_expected_seq: the newest seq that the caller saw; refused with stale_count if the stock has moved since.

Requires p_part_id, p_quantity, p_idempotency_key
Answers 201 {"success": "boolean", "action": "text", "transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint"}
Refuses 400 invalid_quantity, invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, part_not_found, stock_not_found, location_not_found; 409 part_deactivated, location_deactivated, stale_count, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.receive_shopping_item(
    uuid, uuid, integer, text, uuid, uuid, timestamptz, text) IS
'Puts all or part of an ordered item into stock: one movement, which names the item.

p_yacht_id: the yacht.
p_item_id: the item of the shopping list.
p_quantity: units, 1 up to what is outstanding.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_stock_id, p_location_id: where, one of them; without either at the primary location, or the only stock.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.

Requires p_item_id, p_quantity, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "item_id": "uuid", "status": "text", "quantity_received": "integer", "outstanding": "integer", "transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint"}
Refuses 400 invalid_quantity, invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, item_not_found, stock_not_found, location_not_found; 409 illegal_transition, part_deactivated, location_deactivated, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.reject_shopping_item(uuid, uuid, text, text) IS
'Rejects an item of the shopping list that was requested or approved.

p_yacht_id: the yacht.
p_item_id: the item of the shopping list.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_reason: any text, 1 to 2000 characters; may be left out.

Requires p_item_id, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "item_id": "uuid", "part_id": "uuid", "status": "text"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, item_not_found; 409 illegal_transition, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.request_part(uuid, uuid, integer, text, text) IS
'Puts a part on the shopping list.

p_yacht_id: the yacht.
p_part_id: the part.
p_quantity: units, 1 to 1,000,000.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_notes: up to 2000 characters.

Requires p_part_id, p_quantity, p_idempotency_key
Answers 201 {"success": "boolean", "action": "text", "item_id": "uuid", "part_id": "uuid", "status": "text", "quantity": "integer"}
Refuses 400 invalid_quantity, invalid_argument, missing_idempotency_key; 403 not_on_yacht; 404 feature_disabled, part_not_found; 409 part_deactivated, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.reverse_transaction(
    uuid, uuid, text, text, jsonb, timestamptz, text, integer) IS
'Undoes a movement by one of the opposite change; of a transfer both legs, whichever is named. Signed.
A movement is reversed once, a reversal never. item_id: of a delivery, the item that is on order again.

p_yacht_id: the yacht.
p_transaction_id: the movement.
p_reason: any text, 1 to 2000 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_signature: {"pin": "…", "totp": "…"}, both texts.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.
p_expected_seq: the newest seq of the stock (of a transfer, the source) that the caller saw; refused with stale_count if it has moved since.

Requires p_transaction_id, p_reason, p_idempotency_key, p_signature
Answers 201 {"success": "boolean", "action": "text", "transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint", "reverses_transaction_id": "uuid", "item_id?": "uuid", "legs?": [{"transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint", "reverses_transaction_id": "uuid"}]}
Refuses 400 invalid_argument, signature_required, missing_idempotency_key; 403 not_on_yacht, role_not_allowed, invalid_signature, signature_not_enrolled; 404 feature_disabled, transaction_not_found; 409 already_reversed, not_reversible, insufficient_stock, part_deactivated, location_deactivated, stale_count, signing_key_missing, duplicate_idempotency_key, idempotency_key_reused; 423 signature_locked; 429 signature_busy';

COMMENT ON FUNCTION public.search_parts(
    uuid, text, text, integer) IS
'Finds active parts by number, barcode, name, maker, category and description, typos tolerated.
An exact number or barcode comes first, then numbers that begin so, then by likeness.

p_yacht_id: the yacht.
p_query: 1 to 200 characters.
p_after: cursor of the last row of the page before.
p_limit: rows, 1 to 500.

Requires p_query
Answers 200 [{"part_id": "uuid", "part_number": "text", "name": "text", "manufacturer": "text?", "category": "text?", "barcode": "text?", "unit": "text", "is_critical": "boolean", "min_level": "integer", "on_hand": "bigint", "cursor": "text"}]
Refuses 400 invalid_argument; 403 not_on_yacht; 404 feature_disabled';

COMMENT ON FUNCTION public.stock_history(
    uuid, uuid, uuid, text, integer) IS
'Lists the movements of a part, or of one stock of it, newest first.
on_hand_after is the stock''s; running_balance is that of all listed stocks together.

p_yacht_id: the yacht.
p_part_id: the part.
p_stock_id: one stock of the part; without it all.
p_after: cursor of the last row of the page before.
p_limit: rows, 1 to 500.

Answers 200 [{"transaction_id": "uuid", "stock_id": "uuid", "seq": "integer", "transaction_type": "text", "quantity_change": "integer", "on_hand_before": "integer", "on_hand_after": "integer", "running_balance": "bigint", "occurred_at": "timestamptz", "recorded_at": "timestamptz", "actor_id": "uuid?", "actor_role": "text?", "reason": "text?", "notes": "text?", "metadata": "jsonb", "usage_id": "uuid?", "counterpart_id": "uuid?", "reverses_transaction_id": "uuid?", "is_signed": "boolean", "cursor": "text"}]
Refuses 400 invalid_argument; 403 not_on_yacht; 404 feature_disabled, part_not_found, stock_not_found';

COMMENT ON FUNCTION public.transfer_part(
    uuid, uuid, uuid, uuid, integer, text, timestamptz, text, integer) IS
'Moves parts from one location of the yacht to another: two movements in one transaction.
The answer has the source at the top level and both movements in legs.

p_yacht_id: the yacht.
p_part_id: the part.
p_from_location_id, p_to_location_id: where from and where to.
p_quantity: units, 1 to 1,000,000.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.
p_expected_seq: the newest seq of the source that the caller saw; refused with stale_count if it has moved since.

Requires p_part_id, p_from_location_id, p_to_location_id, p_quantity, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint", "legs": [{"transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint"}]}
Refuses 400 invalid_quantity, invalid_argument, same_location, missing_idempotency_key; 403 not_on_yacht; 404 feature_disabled, part_not_found, location_not_found, stock_not_found; 409 insufficient_stock, part_deactivated, location_deactivated, stale_count, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.update_location(
    uuid, uuid, jsonb, text) IS
'Renames a location or moves it in the tree.

p_yacht_id: the yacht.
p_location_id: the location.
p_changes: an object with name, parent_location_id (null: a root), or both.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.

Requires p_location_id, p_changes, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "location_id": "uuid", "path": "text"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, location_not_found; 409 location_name_taken, location_deactivated, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.update_part(
    uuid, uuid, jsonb, text) IS
'Changes a part.

p_yacht_id: the yacht.
p_part_id: the part.
p_changes: an object with any of part_number, name, description, manufacturer, category, unit, barcode, min_level, max_level, is_critical, primary_location_id; null empties an optional one.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.

Requires p_part_id, p_changes, p_idempotency_key
Answers 200 {"success": "boolean", "action": "text", "part_id": "uuid"}
Refuses 400 invalid_argument, missing_idempotency_key; 403 not_on_yacht, role_not_allowed; 404 feature_disabled, part_not_found, location_not_found; 409 part_number_taken, part_deactivated, location_deactivated, duplicate_idempotency_key, idempotency_key_reused';

COMMENT ON FUNCTION public.view_part_details(
    uuid, uuid) IS
'Shows a part: its fields, what is on hand in all, and each of its stocks with its newest seq (for p_expected_seq).
Records the view.

p_yacht_id: the yacht.
p_part_id: the part.

Requires p_part_id
Answers 200 {"part_id": "uuid", "part_number": "text", "name": "text", "description": "text?", "manufacturer": "text?", "category": "text?", "unit": "text", "barcode": "text?", "min_level": "integer", "max_level": "integer?", "is_critical": "boolean", "is_active": "boolean", "is_low": "boolean", "on_hand": "bigint", "primary_location_id": "uuid?", "updated_at": "timestamptz", "stocks": [{"stock_id": "uuid", "location_id": "uuid", "location": "text", "is_primary": "boolean", "seq": "integer", "on_hand": "bigint"}]}
Refuses 400 invalid_argument; 403 not_on_yacht; 404 feature_disabled, part_not_found';

COMMENT ON FUNCTION public.write_off_part(
    uuid, uuid, integer, text, text, jsonb, uuid, timestamptz, text, integer) IS
'Takes parts that are lost or unfit out of stock. Signed.

p_yacht_id: the yacht.
p_part_id: the part.
p_quantity: units, 1 to 1,000,000.
p_reason: any text, 1 to 2000 characters.
p_idempotency_key: 1 to 255 characters, new for each call; the same again for a retry.
p_signature: {"pin": "…", "totp": "…"}, both texts.
p_stock_id: which stock; without it the one at the primary location, or the only one.
p_occurred_at: when it happened on board; now if not given, at most 2 minutes ahead.
p_notes: up to 2000 characters.
p_expected_seq: the newest seq that the caller saw; refused with stale_count if the stock has moved since.

Requires p_part_id, p_quantity, p_reason, p_idempotency_key, p_signature
Answers 200 {"success": "boolean", "action": "text", "transaction_id": "uuid", "part_id": "uuid", "stock_id": "uuid", "quantity_before": "integer", "quantity_after": "integer", "on_hand": "bigint"}
Refuses 400 invalid_quantity, invalid_argument, signature_required, missing_idempotency_key; 403 not_on_yacht, invalid_signature, signature_not_enrolled; 404 feature_disabled, part_not_found, stock_not_found; 409 insufficient_stock, part_deactivated, location_deactivated, stale_count, signing_key_missing, duplicate_idempotency_key, idempotency_key_reused; 423 signature_locked; 429 signature_busy';

COMMIT;
