-- name: add
INSERT INTO pictures (site, id, number, kind, bytes, width, height, look, sha256, sent_by, sent_at, expires_at)
VALUES (%(site)s, %(id)s, %(number)s, %(kind)s, %(bytes)s, %(width)s, %(height)s, %(look)s, %(sha256)s, %(actor)s,
        %(at)s, %(expires_at)s);

-- name: waiting
-- Pictures of whoever acts that no report has named yet.
SELECT count(*) AS pictures FROM pictures WHERE site = %(site)s AND number IS NULL AND sent_by = %(actor)s;

-- name: attach
UPDATE pictures SET number = %(number)s, expires_at = %(expires_at)s
WHERE site = %(site)s AND id = ANY(%(ids)s) AND number IS NULL AND sent_by = %(actor)s AND expires_at > %(at)s
RETURNING id, sha256;

-- name: everything
SELECT id, kind, width, height, bytes, sent_by, sent_at, expires_at FROM pictures
WHERE site = %(site)s AND number = %(number)s AND expires_at > %(at)s
ORDER BY sent_at, id;

-- name: kinds
-- Of this round, and of what others sent in about the same matter.
SELECT DISTINCT kind FROM pictures
WHERE site = %(site)s AND (kind <> 'after' OR sent_at >= %(since)s)
  AND (number = %(number)s
       OR number IN (SELECT o.number FROM work_orders AS o WHERE o.site = %(site)s AND o.merged_into = %(number)s));

-- name: shows_the_same
-- Of an order and of all that are merged into it.
SELECT count(*) AS pictures FROM pictures
WHERE site = %(site)s AND sha256 = %(sha256)s AND (%(kind)s::text IS NULL OR kind = %(kind)s)
  AND (number = %(number)s
       OR number IN (SELECT o.number FROM work_orders AS o WHERE o.site = %(site)s AND o.merged_into = %(number)s));

-- name: expired
SELECT site, id FROM pictures WHERE expires_at <= %(before)s ORDER BY expires_at LIMIT %(limit)s;

-- name: unknown
-- Which of these are of sites that there are, and known as nobody's picture.
SELECT asked.site, asked.id
FROM unnest(%(sites)s::text[], %(ids)s::uuid[]) AS asked (site, id) JOIN sites AS s USING (site)
WHERE NOT EXISTS (SELECT FROM pictures AS p WHERE p.site = asked.site AND p.id = asked.id);

-- name: forget
DELETE FROM pictures WHERE site = %(of_site)s AND id = %(id)s;
