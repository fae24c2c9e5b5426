-- Revert part_lens_tenant:catalogue_helpers from pg

BEGIN;

DROP FUNCTION private.in_line_order(jsonb[]);
DROP FUNCTION private.import_part_rows(private.rpc_call, jsonb);
DROP FUNCTION private.import_part_row(private.rpc_call, jsonb, boolean);
DROP FUNCTION private.save_part(uuid, uuid, jsonb);
DROP FUNCTION private.clean_part_fields(jsonb, text[]);

COMMIT;
