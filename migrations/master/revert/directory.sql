-- Revert part_lens_master:directory from pg

BEGIN;

DROP TABLE master.user_accounts;
DROP TABLE master.yachts;
DROP TABLE master.tenants;

COMMIT;
