-- name: claim
-- Waits for another transaction with the same key; an answer past its age may be overwritten.
INSERT INTO idempotency_keys (site, actor, key, request_hash, created_wall)
VALUES (%(site)s, %(actor)s, %(key)s, %(request_hash)s, %(wall)s)
ON CONFLICT (site, actor, key) DO UPDATE
SET request_hash = excluded.request_hash, status = NULL, response = NULL, created_wall = excluded.created_wall
WHERE idempotency_keys.created_wall < %(oldest)s
RETURNING key;

-- name: kept_answer
SELECT request_hash, status, response FROM idempotency_keys
WHERE site = %(site)s AND actor = %(actor)s AND key = %(key)s AND created_wall >= %(oldest)s;

-- name: keep_answer
UPDATE idempotency_keys SET status = %(status)s, response = %(response)s
WHERE site = %(site)s AND actor = %(actor)s AND key = %(key)s;

-- name: forget_old
DELETE FROM idempotency_keys
WHERE (site, actor, key) IN (
    SELECT site, actor, key FROM idempotency_keys WHERE created_wall < %(oldest)s LIMIT %(most)s FOR UPDATE SKIP LOCKED
);
