#!/bin/sh
# Runs once, when PostgreSQL's data directory is made: the owner is no superuser, it makes roles and owns its database.
set -eu
OWNER_PASSWORD=$(sed -n 's/^[^:]*:[^:]*:[^:]*:kreisbund_owner:\(.*\)$/\1/p' /run/secrets/owner.pgpass)
export OWNER_PASSWORD
[ -n "$OWNER_PASSWORD" ] || { echo "owner.pgpass has no line for kreisbund_owner" >&2; exit 1; }
psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\getenv password OWNER_PASSWORD
CREATE ROLE kreisbund_owner LOGIN NOSUPERUSER NOCREATEDB CREATEROLE PASSWORD :'password';
CREATE DATABASE kreisbund OWNER kreisbund_owner ENCODING 'UTF8' TEMPLATE template0;
SQL
