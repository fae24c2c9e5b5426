-- enrolment_codes: one-time codes with which a person enrols. The newest counts, for a day.

CREATE TABLE private.enrolment_codes (
    yacht_id    uuid        NOT NULL,
    user_id     uuid        NOT NULL,
    code_sha256 bytea       NOT NULL,
    issued_by   uuid,
    expires_at  timestamptz NOT NULL,
    CONSTRAINT enrolment_codes_pkey PRIMARY KEY (yacht_id, user_id),
    CONSTRAINT code_is_of_a_yacht FOREIGN KEY (yacht_id)
        REFERENCES public.yacht_registry (yacht_id) ON DELETE RESTRICT
);

ALTER TABLE private.enrolment_codes OWNER TO pms_owner;
COMMENT ON TABLE private.enrolment_codes IS 'Codes, used once, with which a person enrols for signing.';
COMMENT ON COLUMN private.enrolment_codes.code_sha256 IS 'SHA-256 of the code: 80 random bits.';
COMMENT ON COLUMN private.enrolment_codes.issued_by IS 'Captain or manager; NULL: a service.';
REVOKE ALL ON TABLE private.enrolment_codes FROM PUBLIC, anon, authenticated, service_role;
