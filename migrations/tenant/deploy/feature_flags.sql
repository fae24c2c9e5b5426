-- Deploy part_lens_tenant:feature_flags to pg
-- requires: schemas

BEGIN;

-- feature_flags: which yachts are in. A yacht is in when the flag is enabled and its bucket
-- (private.canary_bucket) is under the percentage: whole yachts, so that no locker is kept in two
-- systems.
--
-- A new installation begins with everybody in, because there is nothing else to be sent to. The ramp
-- begins when an operator sets a percentage (private.set_canary): until then nothing moves the flag.

CREATE TABLE public.feature_flags (
    flag_name         text        NOT NULL,
    enabled           boolean     NOT NULL,
    canary_percentage integer     NOT NULL,
    updated_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT feature_flags_pkey PRIMARY KEY (flag_name),
    CONSTRAINT percentage_is_of_a_hundred CHECK (canary_percentage BETWEEN 0 AND 100)
);

ALTER TABLE public.feature_flags OWNER TO pms_owner;
COMMENT ON TABLE public.feature_flags IS 'Which yachts a new version is switched on for.';
COMMENT ON COLUMN public.feature_flags.enabled IS 'false: no yacht is in, whatever the percentage.';
COMMENT ON COLUMN public.feature_flags.canary_percentage IS
    'Yachts whose bucket, 0 to 99, is less than this are in.';
COMMENT ON COLUMN public.feature_flags.updated_at IS
    'Since when the percentage is what it is: soak times count from here.';
REVOKE ALL ON TABLE public.feature_flags FROM PUBLIC, anon, authenticated, service_role;

INSERT INTO public.feature_flags (flag_name, enabled, canary_percentage)
VALUES ('part_lens_v2', true, 100);

-- feature_flags: every person reads them, a service and the deployer change them.

ALTER TABLE public.feature_flags ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.feature_flags FORCE ROW LEVEL SECURITY;

-- A flag says nothing of any yacht, and an app asks it which version to offer; whoever has no token has
-- no app.
CREATE POLICY select_people ON public.feature_flags
    AS PERMISSIVE
    FOR SELECT
    TO authenticated
    USING (true);

-- The gate of each RPC reads the flag.
CREATE POLICY select_rpc ON public.feature_flags
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

-- Only a call of a service changes a flag: no RPC of a person can, whatever is wrong with it.
CREATE POLICY update_service ON public.feature_flags
    AS PERMISSIVE
    FOR UPDATE
    TO pms_rpc
    USING (current_setting('role') = 'service_role')
    WITH CHECK (current_setting('role') = 'service_role');

-- No INSERT or DELETE for anybody: flags come with migrations.
GRANT SELECT ON TABLE public.feature_flags TO authenticated;
GRANT SELECT, UPDATE ON TABLE public.feature_flags TO pms_rpc;

-- private.canary_bucket: where a yacht stands in the ramp of a flag, 0 to 99. Written down, because v1
-- and the gateway's neighbours may have to compute it as well, and fixed for ever:
--
--   the first four bytes of the SHA-256 of '<flag_name>:<yacht_id>' (UTF-8; the id in lower case with
--   hyphens), read as a big-endian unsigned integer, modulo 100.
--
-- hashtext() may change between major versions of PostgreSQL. The flag is part of it so that the same
-- yachts are not always the first. A yacht is in when its bucket is under the percentage, so that a
-- higher percentage only ever adds yachts.

CREATE FUNCTION private.canary_bucket(
    p_flag_name text,
    p_yacht_id  uuid
)
    RETURNS integer
    LANGUAGE sql
    IMMUTABLE
    PARALLEL SAFE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT (('x' || left(
        encode(sha256(convert_to(p_flag_name || ':' || p_yacht_id::text, 'UTF8')), 'hex'), 8)
    )::bit(32)::bigint % 100)::integer
$function$;

ALTER FUNCTION private.canary_bucket(text, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.canary_bucket(text, uuid) IS
    'The place of a yacht in the ramp of a flag, 0 to 99: four bytes of SHA-256 of flag:yacht, modulo 100. Never changes.';
REVOKE ALL ON FUNCTION private.canary_bucket(text, uuid) FROM PUBLIC, anon, authenticated, service_role;

COMMIT;
