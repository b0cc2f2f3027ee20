-- name: count_try
INSERT INTO throttles (purpose, bucket, tries, since_wall) VALUES (%(purpose)s, %(bucket)s, 1, %(wall)s)
ON CONFLICT (purpose, bucket) DO UPDATE
SET tries = CASE WHEN throttles.since_wall < %(oldest)s THEN 1 ELSE least(throttles.tries + 1, 1000000) END,
    since_wall = CASE WHEN throttles.since_wall < %(oldest)s THEN excluded.since_wall ELSE throttles.since_wall END
RETURNING tries, since_wall;

-- name: take_back_try
UPDATE throttles SET tries = greatest(tries - 1, 0) WHERE purpose = %(purpose)s AND bucket = %(bucket)s;

-- name: forget_tries
DELETE FROM throttles WHERE purpose = %(purpose)s AND bucket = %(bucket)s;
