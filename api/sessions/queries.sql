-- name: credentials
SELECT site, username, roles, password_hash FROM people WHERE username = %(username)s AND enabled;

-- name: caller
SELECT p.site, p.username, p.name, p.roles, p.building,
       EXISTS (SELECT FROM sites WHERE sites.site = %(wanted)s) AS site_exists
FROM people AS p
WHERE p.username = %(username)s AND p.enabled;

-- name: grids_of
SELECT grid FROM person_grids WHERE site = %(home)s AND username = %(username)s ORDER BY grid;

-- name: add_first_admin
INSERT INTO people (site, username, name, roles, skills, password_hash, created_at)
VALUES ('*', %(username)s, %(username)s, %(roles)s, '{}', %(password_hash)s, %(at)s)
ON CONFLICT DO NOTHING
RETURNING username;
