-- What the one-box stack asks a cluster of its own. Statements that make roles and databases take no parameters,
-- so the server itself writes them, quoted, and gives no row where nothing is to be made.

-- name: login_statement
SELECT CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = %(login)s)
            THEN format('ALTER ROLE %%I LOGIN CREATEROLE PASSWORD %%L', %(login)s::text, %(password)s::text)
            ELSE format('CREATE ROLE %%I LOGIN CREATEROLE PASSWORD %%L', %(login)s::text, %(password)s::text)
       END;

-- name: database_statement
SELECT format('CREATE DATABASE %%I OWNER %%I', %(database)s::text, %(login)s::text)
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = %(database)s);

-- name: decrees_by_site
SELECT s.site, s.time_zone,
       ARRAY(SELECT d.body::text FROM calendar_decrees AS d WHERE d.site = s.site ORDER BY d.year) AS decrees
FROM sites AS s ORDER BY s.site COLLATE "C";

-- name: session_and_roles
-- A session's own beginning is the server's time at this moment.
SELECT current_setting('server_version') AS version,
       (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()) AS session_began,
       ARRAY(SELECT rolname::text FROM pg_roles
             WHERE rolname = ANY(%(roles)s) AND pg_has_role(rolname, 'MEMBER')) AS roles;
