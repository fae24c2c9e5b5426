-- Revert part_lens_tenant:cursors from pg

BEGIN;

DROP FUNCTION private.decode_cursor(text, text[]);
DROP FUNCTION private.encode_cursor(text[]);

COMMIT;
