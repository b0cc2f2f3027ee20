-- name: entries
SELECT n, action, from_state, to_state, actor, at, worker, reason, detail, feed_seq, encode(hash, 'hex') AS hash
FROM order_history
WHERE site = %(site)s AND number = %(number)s
ORDER BY n
LIMIT %(limit)s;

-- name: ratings
SELECT round, score, solved, comment, speed, attitude, result, at FROM order_ratings
WHERE site = %(site)s AND number = %(number)s
ORDER BY round;

-- name: pictures
-- Those of the order itself; what other reporters sent in belongs to their own orders.
SELECT id, kind, width, height, bytes, sha256, sent_by, sent_at FROM pictures
WHERE site = %(site)s AND number = %(number)s AND expires_at > %(at)s
ORDER BY sent_at, id;

-- name: residents
-- Who of these is nothing but a resident: their names are no part of the evidence.
SELECT username FROM people
WHERE site = %(site)s AND username = ANY(%(usernames)s) AND roles = ARRAY['resident'];

-- name: versions
-- All that an alert was, the first version first.
SELECT body FROM alert_versions
WHERE site = %(site)s AND alert_id = %(alert_id)s
ORDER BY version
LIMIT %(limit)s;
