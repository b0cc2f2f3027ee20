-- name: taken
-- Over all sites, because usernames are; run with sight of all.
SELECT username, site FROM people WHERE username = ANY(%(usernames)s);

-- name: put
INSERT INTO people (site, username, name, roles, phone, building, skills, password_hash, created_at)
VALUES (%(site)s, %(username)s, %(name)s, %(roles)s, %(phone)s, %(building)s, %(skills)s, %(password_hash)s, %(at)s)
ON CONFLICT (site, username) DO UPDATE
SET name = excluded.name, roles = excluded.roles, phone = excluded.phone, building = excluded.building,
    skills = excluded.skills, password_hash = coalesce(excluded.password_hash, people.password_hash), enabled = true;

-- name: leave_grids
DELETE FROM person_grids WHERE site = %(site)s AND username = ANY(%(usernames)s);

-- name: join_grid
INSERT INTO person_grids (site, username, grid) VALUES (%(site)s, %(username)s, %(grid)s) ON CONFLICT DO NOTHING;

-- name: page
SELECT p.username, p.name, p.roles, p.phone, p.building, p.skills, p.password_hash IS NOT NULL AS can_sign_in,
       p.enabled, p.created_at,
       ARRAY(SELECT g.grid FROM person_grids AS g WHERE g.site = p.site AND g.username = p.username
             ORDER BY g.grid COLLATE "C") AS grids
FROM people AS p
WHERE p.site = %(site)s
  AND (%(role)s::text IS NULL OR %(role)s = ANY(p.roles))
  AND (%(after)s::text IS NULL OR p.username COLLATE "C" > %(after)s)
ORDER BY p.username COLLATE "C"
LIMIT %(limit)s;
