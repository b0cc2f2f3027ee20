#!/bin/sh
# Run once by the database image, when its data folder is new: the login of the services and their database.
# The login is no superuser: row-level security holds for it.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set password `cat "$LOGIN_PASSWORD_FILE"`
CREATE ROLE herun LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE herun OWNER herun;
\connect herun
CREATE EXTENSION IF NOT EXISTS timescaledb;
SQL
