-- yacht_registry: the yachts of this tenant.

CREATE TABLE public.yacht_registry (
    yacht_id   uuid        NOT NULL DEFAULT private.uuid_v7(),
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT yacht_registry_pkey PRIMARY KEY (yacht_id),
    CONSTRAINT yacht_has_a_name CHECK (name = btrim(name) AND name <> '')
);

ALTER TABLE public.yacht_registry OWNER TO pms_owner;
COMMENT ON TABLE public.yacht_registry IS 'The yachts of this tenant.';
REVOKE ALL ON TABLE public.yacht_registry FROM PUBLIC, anon, authenticated, service_role;
