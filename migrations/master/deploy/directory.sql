-- Deploy part_lens_master:directory to pg
-- requires: master

BEGIN;

-- Tenants, their yachts and their people.

CREATE TABLE master.tenants (
    tenant_key_alias text    NOT NULL,
    name             text    NOT NULL,
    is_active        boolean NOT NULL DEFAULT true,
    CONSTRAINT tenants_pkey PRIMARY KEY (tenant_key_alias),
    -- The alias becomes part of the name of an environment variable.
    CONSTRAINT alias_is_an_upper_case_name CHECK (tenant_key_alias ~ '^[A-Z][A-Z0-9_]{0,62}$')
);

CREATE TABLE master.yachts (
    yacht_id         uuid NOT NULL,
    tenant_key_alias text NOT NULL,
    name             text NOT NULL,
    CONSTRAINT yachts_pkey PRIMARY KEY (yacht_id),
    CONSTRAINT yacht_is_of_a_tenant FOREIGN KEY (tenant_key_alias)
        REFERENCES master.tenants (tenant_key_alias) ON DELETE RESTRICT
);

-- Serves the foreign key and the yachts of a tenant.
CREATE INDEX yachts_by_tenant ON master.yachts (tenant_key_alias);

CREATE TABLE master.user_accounts (
    user_id          uuid    NOT NULL,
    tenant_key_alias text    NOT NULL,
    is_active        boolean NOT NULL DEFAULT true,
    CONSTRAINT user_accounts_pkey PRIMARY KEY (user_id),
    CONSTRAINT account_is_of_a_tenant FOREIGN KEY (tenant_key_alias)
        REFERENCES master.tenants (tenant_key_alias) ON DELETE RESTRICT
);

-- Serves the foreign key.
CREATE INDEX user_accounts_by_tenant ON master.user_accounts (tenant_key_alias);

ALTER TABLE master.tenants OWNER TO pms_owner;
ALTER TABLE master.yachts OWNER TO pms_owner;
ALTER TABLE master.user_accounts OWNER TO pms_owner;
COMMENT ON TABLE master.tenants IS 'The tenants. Their connection strings stand in the gateway''s environment, by alias.';
COMMENT ON COLUMN master.tenants.tenant_key_alias IS 'Names TENANT_<ALIAS>_DATABASE_URL of the gateway.';
COMMENT ON TABLE master.yachts IS 'Which yacht is kept in the database of which tenant.';
COMMENT ON TABLE master.user_accounts IS 'Which tenant a person belongs to.';
COMMENT ON COLUMN master.user_accounts.user_id IS 'Claim `sub` of the person''s token.';
REVOKE ALL ON TABLE master.tenants, master.yachts, master.user_accounts
    FROM PUBLIC, anon, authenticated, service_role;

-- master.tenants: read by master.resolve_tenant alone; the deployer writes.

ALTER TABLE master.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE master.tenants FORCE ROW LEVEL SECURITY;

-- resolve_tenant looks for the person that it is asked for.
CREATE POLICY select_rpc ON master.tenants
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

GRANT SELECT ON TABLE master.tenants TO pms_rpc;

-- master.yachts: read by master.resolve_tenant alone; the deployer writes.

ALTER TABLE master.yachts ENABLE ROW LEVEL SECURITY;
ALTER TABLE master.yachts FORCE ROW LEVEL SECURITY;

-- resolve_tenant looks for the person that it is asked for.
CREATE POLICY select_rpc ON master.yachts
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

GRANT SELECT ON TABLE master.yachts TO pms_rpc;

-- master.user_accounts: read by master.resolve_tenant alone; the deployer writes.

ALTER TABLE master.user_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE master.user_accounts FORCE ROW LEVEL SECURITY;

-- resolve_tenant looks for the person that it is asked for.
CREATE POLICY select_rpc ON master.user_accounts
    AS PERMISSIVE
    FOR SELECT
    TO pms_rpc
    USING (true);

GRANT SELECT ON TABLE master.user_accounts TO pms_rpc;

COMMIT;
