-- Deploy part_lens_tenant:compat_storage to pg
-- requires: roles

BEGIN;

-- storage: the tables and functions of Supabase Storage that policies refer to, where they are
-- missing. Columns and names are Supabase's, so that the same policies apply there.

DO $storage$
BEGIN
    IF to_regnamespace('storage') IS NOT NULL THEN
        RETURN;
    END IF;

    CREATE SCHEMA storage;
    ALTER SCHEMA storage OWNER TO pms_owner;
    COMMENT ON SCHEMA storage IS 'Part Lens: stands in for the storage schema of Supabase.';

    CREATE TABLE storage.buckets (
        id                 text        NOT NULL,
        name               text        NOT NULL,
        owner              uuid,
        created_at         timestamptz DEFAULT now(),
        updated_at         timestamptz DEFAULT now(),
        public             boolean     DEFAULT false,
        avif_autodetection boolean     DEFAULT false,
        file_size_limit    bigint,
        allowed_mime_types text[],
        owner_id           text,
        CONSTRAINT buckets_pkey PRIMARY KEY (id),
        CONSTRAINT bname UNIQUE (name)
    );

    CREATE TABLE storage.objects (
        id               uuid        NOT NULL DEFAULT gen_random_uuid(),
        bucket_id        text,
        name             text,
        owner            uuid,
        created_at       timestamptz DEFAULT now(),
        updated_at       timestamptz DEFAULT now(),
        last_accessed_at timestamptz DEFAULT now(),
        metadata         jsonb,
        path_tokens      text[]      GENERATED ALWAYS AS (string_to_array(name, '/')) STORED,
        version          text,
        owner_id         text,
        user_metadata    jsonb,
        CONSTRAINT objects_pkey PRIMARY KEY (id),
        CONSTRAINT "objects_bucketId_fkey" FOREIGN KEY (bucket_id)
            REFERENCES storage.buckets (id) ON DELETE NO ACTION,
        CONSTRAINT bucketid_objname UNIQUE (bucket_id, name)
    );

    CREATE FUNCTION storage.foldername(name text)
        RETURNS text[]
        LANGUAGE sql
        IMMUTABLE
        SET search_path = pg_catalog, pg_temp
    AS $function$
        SELECT (string_to_array(name, '/'))[1 : cardinality(string_to_array(name, '/')) - 1]
    $function$;

    CREATE FUNCTION storage.filename(name text)
        RETURNS text
        LANGUAGE sql
        IMMUTABLE
        SET search_path = pg_catalog, pg_temp
    AS $function$
        SELECT split_part(name, '/', -1)
    $function$;

    CREATE FUNCTION storage.extension(name text)
        RETURNS text
        LANGUAGE sql
        IMMUTABLE
        SET search_path = pg_catalog, pg_temp
    AS $function$
        SELECT split_part(split_part(name, '/', -1), '.', -1)
    $function$;

    ALTER TABLE storage.buckets ENABLE ROW LEVEL SECURITY;
    ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
    ALTER TABLE storage.buckets OWNER TO pms_owner;
    ALTER TABLE storage.objects OWNER TO pms_owner;
    ALTER FUNCTION storage.foldername(text) OWNER TO pms_owner;
    ALTER FUNCTION storage.filename(text) OWNER TO pms_owner;
    ALTER FUNCTION storage.extension(text) OWNER TO pms_owner;
    GRANT USAGE ON SCHEMA storage TO anon, authenticated, service_role;
    GRANT ALL ON storage.buckets, storage.objects TO anon, authenticated, service_role;
END
$storage$;

COMMIT;
