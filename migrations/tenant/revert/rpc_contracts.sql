-- Revert part_lens_tenant:rpc_contracts from pg

BEGIN;

COMMENT ON FUNCTION public.action_list(
    uuid, uuid) IS
    'Lists the actions: required fields besides p_yacht_id, whether signed, the roles that may run each, and whether the caller may. p_part_id: also what keeps an action from this part (blocked_by).';
COMMENT ON FUNCTION public.adjust_stock_quantities(
    uuid, jsonb, text, text, jsonb, timestamptz, text) IS
    'Corrects many stocks to what was counted, all or none, under one signature. p_counts: 1 to 1000 objects with part_id, counted_quantity, and where wanted stock_id and expected_seq. p_reason: any text. p_signature: {"pin", "totp"}. transaction_id is null where the count confirms what is on record.';
COMMENT ON FUNCTION public.adjust_stock_quantity(
    uuid, uuid, integer, text, text, jsonb, uuid, timestamptz, text, integer) IS
    'Corrects a stock to what was counted. Signed. p_counted_quantity: units, 0 to 1,000,000. p_reason: any text. p_signature: {"pin", "totp"}. p_stock_id: which stock; without it the one at the primary location, or the only one. p_expected_seq: refuse with stale_count if the stock has moved since the count. transaction_id is null where the count confirms what is on record.';
COMMENT ON FUNCTION public.approve_shopping_item(uuid, uuid, text) IS
    'Approves an item of the shopping list that was requested.';
COMMENT ON FUNCTION public.confirm_signature(
    uuid, text) IS
    'Ends the caller''s enrolment: from now on PIN and authenticator sign. p_totp: the code that the authenticator shows.';
COMMENT ON FUNCTION public.consume_part(
    uuid, uuid, integer, text, uuid, text, text, timestamptz, text, integer) IS
    'Takes parts out of stock. p_quantity: units, 1 to 1,000,000. p_stock_id: which stock; without it the one at the primary location, or the only one. p_work_order, p_equipment: what for. p_occurred_at: when it happened on board. p_expected_seq: refuse with stale_count if the stock has moved since.';
COMMENT ON FUNCTION public.create_location(
    uuid, text, text, uuid) IS
    'Adds a location. p_name: 1 to 200 characters, without " / ". p_parent_location_id: what it is in; NULL: a root, such as a deck.';
COMMENT ON FUNCTION public.create_part(
    uuid, text, text, text, text, text, text, text, text, integer, integer, boolean, uuid,
    integer) IS
    'Adds a part to the catalogue, with a stock at its primary location and an opening quantity there. p_unit: what a quantity of 1 is. p_min_level, p_max_level: units, 0 to 1,000,000; min_level 0 is never reported as low, max_level NULL means twice min_level.';
COMMENT ON FUNCTION public.deactivate_location(uuid, uuid, text, text) IS
    'Deactivates a location that holds neither parts nor active locations: nothing moves there any more. p_reason: any text, 1 to 2000 characters. changed: false when it was deactivated already; primary_of: active parts that have it as primary location still.';
COMMENT ON FUNCTION public.deactivate_part(uuid, uuid, text, text) IS
    'Deactivates a part of which nothing is in stock: it is no longer found, reported as low or moved, and its history stays. p_reason: any text, 1 to 2000 characters. changed: false when it was deactivated already.';
COMMENT ON FUNCTION public.enroll_signature(
    uuid, text, text, jsonb) IS
    'Begins the caller''s enrolment for signing, or a change of it; confirm_signature ends it. p_pin: the new PIN, 6 to 12 digits. p_code: from a captain or manager; or p_signature: the old {"pin", "totp"}. The answer has otpauth_uri for an authenticator, told once.';
COMMENT ON FUNCTION public.import_parts(
    uuid, jsonb, text, boolean) IS
    'Adds and changes many parts at once, by part number. p_rows: an array of 1 to 1000 objects with part_number and name, and any of line, description, manufacturer, category, unit, barcode, min_level, max_level, is_critical, location (a path of names separated by " / ", made when missing) and opening_quantity (the first movement of a part without any). A refused row costs no other; p_dry_run answers the same and writes nothing.';
COMMENT ON FUNCTION public.issue_enrolment_code(
    uuid, uuid, text, jsonb) IS
    'Gives a person of the yacht a code, for one day and one use, to enrol with for signing. Signed. The code is told once; a repeated call has null in its place. p_user_id: the person. p_signature: {"pin", "totp"}.';
COMMENT ON FUNCTION public.low_stock_parts(
    uuid, text, integer) IS
'Lists active parts of which less is on hand than their minimum, critical ones first, with what is on order and a quantity to order.
A part with min_level 0 is never listed.

p_yacht_id: the yacht.
p_after: cursor of the last row of the page before.
p_limit: rows, 1 to 500.

Answers 200 [{"part_id": "uuid", "part_number": "text", "name": "text", "unit": "text", "is_critical": "boolean", "min_level": "integer", "max_level": "integer?", "on_hand": "bigint", "on_order": "bigint", "suggested_quantity": "bigint", "cursor": "text"}]
Refuses 400 invalid_argument; 403 not_on_yacht';
COMMENT ON FUNCTION public.on_hand_as_of(
    uuid, uuid, timestamptz, text) IS
    'Says what was on hand of a part at a time. p_clock: recorded (what the ledger said then) or occurred (what had happened on board by then).';
COMMENT ON FUNCTION public.order_shopping_item(uuid, uuid, text, text, text) IS
    'Records that an approved item of the shopping list is ordered. p_supplier, p_reference: of the order.';
COMMENT ON FUNCTION public.part_suggestions(uuid, uuid) IS
    'Says how much of a part to order: up to max_level, or twice min_level, less what is on hand and on order. suppressed_by: why nothing (deactivated, no_minimum, enough_on_hand, enough_on_order), or null. on_order: approved or ordered and not received; requested: not approved yet, which only warns (already_requested).';
COMMENT ON FUNCTION public.reactivate_location(uuid, uuid, text, text) IS
    'Reactivates a deactivated location whose parent is active. p_reason: any text, 1 to 2000 characters. changed: false when it was active already.';
COMMENT ON FUNCTION public.reactivate_part(uuid, uuid, text, text) IS
    'Reactivates a deactivated part, with its history and locations. p_reason: any text, 1 to 2000 characters. changed: false when it was active already.';
COMMENT ON FUNCTION public.receive_part(
    uuid, uuid, integer, text, uuid, text, text, uuid, timestamptz, text, integer) IS
    'Puts delivered parts into stock. p_quantity: units, 1 to 1,000,000. p_stock_id or p_location_id: where; without either at the primary location, or the only stock. p_supplier, p_reference: of the delivery.';
COMMENT ON FUNCTION public.receive_shopping_item(
    uuid, uuid, integer, text, uuid, uuid, timestamptz, text) IS
    'Puts all or part of an ordered item into stock: one movement, which names the item. p_quantity: units, up to what is outstanding. p_stock_id or p_location_id: where; without either at the primary location, or the only stock.';
COMMENT ON FUNCTION public.reject_shopping_item(uuid, uuid, text, text) IS
    'Rejects an item of the shopping list that was requested or approved. p_reason: any text, 1 to 2000 characters; may be left out.';
COMMENT ON FUNCTION public.request_part(uuid, uuid, integer, text, text) IS
    'Puts a part on the shopping list. p_quantity: units, 1 to 1,000,000. p_notes: up to 2000 characters.';
COMMENT ON FUNCTION public.reverse_transaction(
    uuid, uuid, text, text, jsonb, timestamptz, text, integer) IS
    'Undoes a movement by one of the opposite change; of a transfer both legs, whichever is named. Signed. A movement is reversed once, a reversal never. p_reason: any text. p_signature: {"pin", "totp"}. p_expected_seq: of the stock, of a transfer the source. item_id in the answer: of a delivery, the item that is on order again.';
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
Refuses 400 invalid_argument; 403 not_on_yacht';
COMMENT ON FUNCTION public.stock_history(
    uuid, uuid, uuid, text, integer) IS
    'Lists the movements of a part, or of one stock of it, newest first. on_hand_after is the stocks; running_balance is that of all listed stocks together. p_after: cursor of the last row of the page before; p_limit: rows, 1 to 500.';
COMMENT ON FUNCTION public.transfer_part(
    uuid, uuid, uuid, uuid, integer, text, timestamptz, text, integer) IS
    'Moves parts from one location of the yacht to another: two movements in one transaction. The answer has the source at the top level and both in legs. p_expected_seq: of the source.';
COMMENT ON FUNCTION public.update_location(
    uuid, uuid, jsonb, text) IS
    'Renames a location or moves it in the tree. p_changes: an object with name, parent_location_id (null: a root), or both.';
COMMENT ON FUNCTION public.update_part(
    uuid, uuid, jsonb, text) IS
    'Changes a part. p_changes: an object with any of part_number, name, description, manufacturer, category, unit, barcode, min_level, max_level, is_critical, primary_location_id; null empties an optional one.';
COMMENT ON FUNCTION public.view_part_details(
    uuid, uuid) IS
    'Shows a part: its fields, what is on hand in all, and each of its stocks with its newest seq (for p_expected_seq). Records the view.';
COMMENT ON FUNCTION public.write_off_part(
    uuid, uuid, integer, text, text, jsonb, uuid, timestamptz, text, integer) IS
    'Takes parts that are lost or unfit out of stock. Signed. p_quantity: units, 1 to 1,000,000. p_reason: any text. p_signature: {"pin", "totp"}. p_stock_id: which stock; without it the one at the primary location, or the only one. p_expected_seq: refuse with stale_count if the stock has moved since.';

COMMIT;
