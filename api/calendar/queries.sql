-- name: put
INSERT INTO calendar_decrees (site, year, body, changed_by, changed_at)
VALUES (%(site)s, %(year)s, %(body)s, %(actor)s, %(at)s)
ON CONFLICT (site, year) DO UPDATE
SET body = excluded.body, changed_by = excluded.changed_by, changed_at = excluded.changed_at;

-- name: decrees
SELECT year, body, changed_by, changed_at FROM calendar_decrees WHERE site = %(site)s ORDER BY year;
