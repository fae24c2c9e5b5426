-- Revert part_lens_tenant:yachts_and_people from pg

BEGIN;

DROP VIEW private.my_roles;
DROP TABLE public.auth_users_roles;
DROP TABLE public.yacht_registry;
-- After the tables, whose policies call it.
DROP FUNCTION private.my_yachts(text[]);

COMMIT;
