-- auth_users_roles: which role a person has on which yacht, and when. The token never says this.

CREATE TABLE public.auth_users_roles (
    user_id     uuid        NOT NULL,
    yacht_id    uuid        NOT NULL,
    role        text        NOT NULL,
    is_active   boolean     NOT NULL DEFAULT true,
    valid_from  timestamptz NOT NULL DEFAULT now(),
    valid_until timestamptz,
    CONSTRAINT auth_users_roles_pkey PRIMARY KEY (user_id, yacht_id, role),
    CONSTRAINT role_is_known CHECK (role IN (
        'crew', 'deckhand', 'steward', 'engineer', 'eto', 'chief_engineer', 'chief_officer',
        'chief_steward', 'purser', 'captain', 'manager')),
    CONSTRAINT role_ends_after_it_begins CHECK (valid_until > valid_from),
    CONSTRAINT role_is_on_a_yacht FOREIGN KEY (yacht_id)
        REFERENCES public.yacht_registry (yacht_id) ON DELETE RESTRICT
);

-- Serves the foreign key and "who is on this yacht".
CREATE INDEX auth_users_roles_by_yacht ON public.auth_users_roles (yacht_id, user_id);

ALTER TABLE public.auth_users_roles OWNER TO pms_owner;
COMMENT ON TABLE public.auth_users_roles IS
    'The role of a person on a yacht. An inactive role, or one out of its dates, counts for nothing.';
COMMENT ON COLUMN public.auth_users_roles.user_id IS 'Claim `sub` of the person''s token.';
COMMENT ON COLUMN public.auth_users_roles.valid_until IS 'First moment at which it no longer counts; NULL: open.';
REVOKE ALL ON TABLE public.auth_users_roles FROM PUBLIC, anon, authenticated, service_role;
