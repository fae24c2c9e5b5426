#!/bin/bash
# Run once by the PostgreSQL image in a new, empty data directory: the logins of Part Lens, its database, and
# the key of private.totp_key. psql takes the passwords from the environment: no command line shows them.

set -euo pipefail

: "${DEPLOYER_PASSWORD:?is missing}" "${AUTHENTICATOR_PASSWORD:?is missing}" "${RESOLVER_PASSWORD:?is missing}"

# Beside the data directory, with a link in it: a base backup leaves links out.
name=part_lens_totp.key
key="$(dirname "${PGDATA:?names the data directory}")/$name"
[ -e "$key" ] || (umask 077 && head -c 48 /dev/urandom | base64 --wrap=0 >"$key" && echo >>"$key")
[ -e "$PGDATA/$name" ] || ln -s "../$name" "$PGDATA/$name"

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
CREATE ROLE pms_keyholder NOLOGIN ROLE part_lens_deployer;
CREATE DATABASE part_lens OWNER part_lens_deployer;
-- A grant on a function of the server holds in one database, and only the superuser can give it.
\connect part_lens
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text, bigint, bigint, boolean) TO pms_keyholder;
SQL
