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
