-- name: record
INSERT INTO audit_log (site, at, actor, action, subject, detail)
VALUES (%(site)s, %(at)s, %(actor)s, %(action)s, %(subject)s, %(detail)s);

-- name: page
SELECT id, at, actor, action, subject, detail FROM audit_log
WHERE site = %(site)s
  AND (%(before)s::bigint IS NULL OR id < %(before)s)
  AND (%(by)s::text IS NULL OR audit_log.actor = %(by)s)
  AND (%(action)s::text IS NULL OR action = %(action)s)
ORDER BY id DESC
LIMIT %(limit)s;
