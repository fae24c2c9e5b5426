#!/bin/bash
# Run once by the PostgreSQL image in a new, empty data directory: the logins of Part Lens and its database.
# psql takes the passwords from the environment itself: no command line shows them.

set -euo pipefail

: "${DEPLOYER_PASSWORD:?is missing}" "${AUTHENTICATOR_PASSWORD:?is missing}" "${RESOLVER_PASSWORD:?is missing}"

psql -X -q -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
-- Passwords are not the log's business.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
\getenv deployer DEPLOYER_PASSWORD
\getenv authenticator AUTHENTICATOR_PASSWORD
\getenv resolver RESOLVER_PASSWORD

-- No superuser, as on a managed server; it reads past row security to change data and to dump it.
CREATE ROLE part_lens_deployer
    LOGIN NOSUPERUSER CREATEROLE CREATEDB BYPASSRLS PASSWORD :'deployer';
-- Made by the deployer, so that it may grant them roles on PostgreSQL 16 and newer.
SET SESSION AUTHORIZATION part_lens_deployer;
CREATE ROLE authenticator LOGIN NOINHERIT PASSWORD :'authenticator';
CREATE ROLE master_resolver LOGIN NOINHERIT PASSWORD :'resolver';
RESET SESSION AUTHORIZATION;
CREATE DATABASE part_lens OWNER part_lens_deployer;
SQL
