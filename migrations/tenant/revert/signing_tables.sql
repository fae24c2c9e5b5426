-- Revert part_lens_tenant:signing_tables from pg

BEGIN;

DROP TABLE private.enrolment_codes;
DROP TABLE private.signing_failures;
DROP TABLE private.signing_credentials;

COMMIT;
