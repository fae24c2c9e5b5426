-- extensions: pgcrypto for PINs, pg_trgm and btree_gin for the search of parts. They live in the
-- schema `extensions`, as on Supabase, so that the API schema holds nothing of theirs.

DO $extensions$
BEGIN
    IF to_regnamespace('extensions') IS NULL THEN
        CREATE SCHEMA extensions;
        ALTER SCHEMA extensions OWNER TO pms_owner;
        COMMENT ON SCHEMA extensions IS 'Part Lens: extensions, kept out of the API schema.';
        GRANT CREATE ON SCHEMA extensions TO CURRENT_USER;
    END IF;
END
$extensions$;

CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA extensions;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA extensions;
CREATE EXTENSION IF NOT EXISTS btree_gin SCHEMA extensions;

GRANT USAGE ON SCHEMA extensions TO pms_owner, pms_rpc;
