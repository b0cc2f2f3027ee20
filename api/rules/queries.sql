-- name: add_version
INSERT INTO rule_versions (site, uid, version, body, changed_by, changed_at, why)
VALUES (%(site)s, %(uid)s, %(version)s, %(body)s, %(actor)s, %(at)s, %(why)s);

-- name: newest
SELECT version, body IS NULL AS removed FROM rule_versions
WHERE site = %(site)s AND uid = %(uid)s
ORDER BY version DESC
LIMIT 1;

-- name: lock_uid
-- Versions of one rule are made one after the other.
SELECT pg_advisory_xact_lock(hashtextextended(%(site)s || '/' || %(uid)s, 0));

-- name: current
SELECT DISTINCT ON (uid COLLATE "C") uid, version, body, changed_by, changed_at, why FROM rule_versions
WHERE site = %(site)s AND (%(uid)s::text IS NULL OR uid = %(uid)s)
ORDER BY uid COLLATE "C", version DESC;

-- name: history
SELECT version, body, changed_by, changed_at, why FROM rule_versions
WHERE site = %(site)s AND uid = %(uid)s
ORDER BY version DESC
LIMIT %(limit)s;
