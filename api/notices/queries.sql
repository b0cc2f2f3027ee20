-- name: reporters
-- The order's own and those of the orders that were merged into it, each with their own order.
SELECT number, merged_into, reporter, category, building FROM work_orders
WHERE site = %(site)s AND (number = ANY(%(numbers)s) OR merged_into = ANY(%(numbers)s)) AND reporter IS NOT NULL
ORDER BY number
LIMIT %(limit)s;

-- name: people_of_role
SELECT username FROM people
WHERE site = %(site)s AND %(role)s = ANY(roles) AND enabled
ORDER BY username
LIMIT %(limit)s;

-- name: made_since
-- What leaves at once apart. Without the line that says how many were too many.
SELECT recipient, urgency = 'now' AS at_once, count(*) AS notices FROM notices
WHERE site = %(site)s AND recipient = ANY(%(recipients)s) AND channel = 'inbox' AND made_at > %(since)s
  AND kind <> 'overflow'
GROUP BY 1, 2;

-- name: add
INSERT INTO notices (site, recipient, person, channel, target, cause, kind, number, details, urgency, in_digest, state,
                     made_at, due_at, next_try_wall, tries)
SELECT n.site, n.recipient, p.username, n.channel, n.target, n.cause, n.kind, n.number, n.details, n.urgency,
       n.in_digest, %(state)s, n.made_at, n.due_at, %(wall)s, 0
FROM unnest(%(site)s::text[], %(recipient)s::text[], %(channel)s::text[], %(target)s::text[], %(cause)s::text[],
            %(kind)s::text[], %(number)s::text[], %(details)s::jsonb[], %(urgency)s::text[], %(in_digest)s::boolean[],
            %(made_at)s::timestamptz[], %(due_at)s::timestamptz[])
         WITH ORDINALITY AS n (site, recipient, channel, target, cause, kind, number, details, urgency, in_digest,
                               made_at, due_at, place)
LEFT JOIN people AS p ON p.site = n.site AND p.username = n.recipient
ORDER BY n.place
ON CONFLICT (site, recipient, channel, target, cause) DO NOTHING;

-- name: count_overflow
-- Beyond the day's limit nothing is written but how much it was.
INSERT INTO notices (site, recipient, person, channel, target, cause, kind, number, details, urgency, in_digest, state,
                     made_at, due_at, next_try_wall, tries, ended_at, failed_why)
VALUES (%(site)s, %(recipient)s,
        (SELECT p.username FROM people AS p WHERE p.site = %(site)s AND p.username = %(recipient)s),
        'inbox', '', %(cause)s, 'overflow', NULL, jsonb_build_object('count', %(count)s::bigint), 'later', false, 'failed', %(at)s, %(at)s, %(wall)s, 0,
        %(at)s, 'too_many')
ON CONFLICT (site, recipient, channel, target, cause) DO UPDATE
SET details = jsonb_build_object('count', (notices.details ->> 'count')::bigint + %(count)s), ended_at = excluded.ended_at;

-- name: new
SELECT n.site, n.id, n.recipient, n.cause, n.kind, n.number, n.details, n.urgency, n.made_at, s.time_zone
FROM notices AS n JOIN sites AS s USING (site)
WHERE n.state = 'new'
ORDER BY n.id
LIMIT %(limit)s
FOR UPDATE OF n SKIP LOCKED;

-- name: preferences_of
SELECT username, language, quiet_from, quiet_until, digest_at, muted, only_kinds AS "only"
FROM notice_preferences
WHERE username = ANY(%(usernames)s);

-- name: addresses_of
SELECT username, channel, target, address, confirmed FROM notice_addresses WHERE username = ANY(%(usernames)s);

-- name: spread
UPDATE notices SET state = 'sent', ended_at = %(at)s WHERE id = ANY(%(ids)s) AND state = 'new';

-- name: claim
-- Whoever claims a row holds it until its next try; if they die meanwhile, that is when it is tried again.
WITH due AS (
    SELECT site, id FROM notices
    WHERE state = 'waiting' AND channel = %(channel)s AND due_at <= %(at)s AND next_try_wall <= %(wall)s
    ORDER BY due_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE notices AS n SET tries = n.tries + 1, next_try_wall = %(until)s
FROM due WHERE n.site = due.site AND n.id = due.id
RETURNING n.site, n.id, n.recipient, n.channel, n.target, n.kind, n.number, n.details, n.in_digest, n.tries, n.made_at,
          n.due_at, n.failed_why, (SELECT s.time_zone FROM sites AS s WHERE s.site = n.site) AS time_zone;

-- name: claim_digest
-- What else waits for the same digest, so that one message takes it all.
WITH due AS (
    SELECT site, id FROM notices
    WHERE state = 'waiting' AND channel = %(channel)s AND due_at <= %(at)s AND next_try_wall <= %(wall)s AND in_digest
      AND (site, recipient, target) IN (SELECT * FROM unnest(%(sites)s::text[], %(recipients)s::text[], %(targets)s::text[]))
    ORDER BY due_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE notices AS n SET tries = n.tries + 1, next_try_wall = %(until)s
FROM due WHERE n.site = due.site AND n.id = due.id
RETURNING n.site, n.id, n.recipient, n.channel, n.target, n.kind, n.number, n.details, n.in_digest, n.tries, n.made_at,
          n.due_at, n.failed_why, (SELECT s.time_zone FROM sites AS s WHERE s.site = n.site) AS time_zone;

-- name: claim_robots
-- Whose turn it is of the robots that something waits for, those first that it waits longest for. `paces` has the name
-- of the pace of each robot; one that the settings have no more has its own. Locked in one order everywhere.
INSERT INTO robot_paces (site, pace, free_wall)
SELECT longest.site, longest.pace, %(until)s
FROM (
    SELECT n.site, named.pace
    FROM notices AS n
    CROSS JOIN LATERAL (SELECT coalesce(%(paces)s::jsonb ->> n.target, n.target) AS pace) AS named
    LEFT JOIN robot_paces AS p ON p.site = n.site AND p.pace = named.pace
    WHERE n.state = 'waiting' AND n.channel = %(channel)s AND n.due_at <= %(at)s AND n.next_try_wall <= %(wall)s
      AND (p.free_wall IS NULL OR p.free_wall <= %(wall)s)
    GROUP BY n.site, named.pace
    ORDER BY min(n.due_at)
    LIMIT %(limit)s
) AS longest
ORDER BY longest.site, longest.pace
ON CONFLICT (site, pace) DO UPDATE SET free_wall = excluded.free_wall WHERE robot_paces.free_wall <= %(wall)s
RETURNING site, pace;

-- name: claim_bundles
-- What waits for these robots, the oldest of each.
WITH due AS (
    SELECT one.site, one.id
    FROM unnest(%(sites)s::text[], %(free)s::text[]) AS p (site, pace)
    CROSS JOIN LATERAL (
        SELECT n.site, n.id FROM notices AS n
        WHERE n.state = 'waiting' AND n.channel = %(channel)s AND n.due_at <= %(at)s AND n.next_try_wall <= %(wall)s
          AND n.site = p.site AND coalesce(%(paces)s::jsonb ->> n.target, n.target) = p.pace
        ORDER BY n.due_at, n.id
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) AS one
)
UPDATE notices AS n SET tries = n.tries + 1, next_try_wall = %(until)s
FROM due WHERE n.site = due.site AND n.id = due.id
RETURNING n.site, n.id, n.recipient, n.channel, n.target, n.kind, n.number, n.details, n.in_digest, n.tries, n.made_at,
          n.due_at, n.failed_why, (SELECT s.time_zone FROM sites AS s WHERE s.site = n.site) AS time_zone;

-- name: free_robot
UPDATE robot_paces SET free_wall = %(from_wall)s WHERE site = %(of_site)s AND pace = %(pace)s;

-- name: still_offered
-- Which of these people may take which of these orders still.
SELECT f.site, f.number, asked.recipient
FROM unnest(%(sites)s::text[], %(numbers)s::text[], %(recipients)s::text[]) AS asked (site, number, recipient)
JOIN order_offers AS f USING (site, number)
JOIN work_orders AS o USING (site, number)
WHERE f.until IS NOT NULL AND asked.recipient = ANY(f.workers) AND o.state = 'accepted' AND NOT o.confidential;

-- name: still_at_desk
-- Which of these notices tell of orders that have waited for the desk ever since: one that somebody had or might take
-- meanwhile, and that waits again, has a notice of its own for that.
SELECT n.site, n.id
FROM unnest(%(sites)s::text[], %(ids)s::bigint[]) AS asked (site, id)
JOIN notices AS n USING (site, id)
JOIN work_orders AS o USING (site, number)
WHERE o.state = 'accepted'
  AND NOT EXISTS (SELECT FROM order_history AS h
                  WHERE h.site = o.site AND h.number = o.number AND h.at > n.made_at
                    AND (h.action = 'offered' OR (h.from_state = 'accepted' AND h.to_state <> 'accepted')));

-- name: confidential_of
-- Which of these orders are confidential by now.
SELECT o.site, o.number
FROM (SELECT DISTINCT site, number FROM unnest(%(sites)s::text[], %(numbers)s::text[]) AS asked (site, number)) AS asked
JOIN work_orders AS o USING (site, number)
WHERE o.confidential;

-- name: over_by_now
-- Which of these orders have an answer or were cancelled, or what stands for them was answered.
SELECT o.site, o.number
FROM (SELECT DISTINCT site, number FROM unnest(%(sites)s::text[], %(numbers)s::text[]) AS asked (site, number)) AS asked
JOIN work_orders AS o USING (site, number)
LEFT JOIN work_orders AS m ON m.site = o.site AND m.number = o.merged_into
WHERE coalesce(m.state, o.state) IN ('answered', 'rated', 'closed', 'cancelled');

-- name: waiting_for
-- What waits for a person and is not being claimed at this moment.
SELECT id, urgency, due_at FROM notices
WHERE site = %(site)s AND recipient = %(recipient)s AND state = 'waiting' AND urgency <> 'now'
ORDER BY id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED;

-- name: move
UPDATE notices AS n SET due_at = m.due_at, in_digest = m.in_digest
FROM unnest(%(ids)s::bigint[], %(due_at)s::timestamptz[], %(in_digest)s::boolean[]) AS m (id, due_at, in_digest)
WHERE n.site = %(site)s AND n.id = m.id;

-- name: withdraw
DELETE FROM notices WHERE site = %(of_site)s AND id = ANY(%(ids)s) AND state = 'waiting';

-- name: sent
UPDATE notices SET state = 'sent', ended_at = %(at)s, failed_why = NULL WHERE site = %(site)s AND id = ANY(%(ids)s) AND state = 'waiting';

-- name: failed
UPDATE notices SET state = 'failed', ended_at = %(at)s, failed_why = %(why)s
WHERE site = %(site)s AND id = ANY(%(ids)s) AND state = 'waiting';

-- name: again
UPDATE notices SET next_try_wall = %(next_try_wall)s, failed_why = %(why)s, tries = tries - %(uncounted)s
WHERE site = %(site)s AND id = ANY(%(ids)s) AND state = 'waiting';

-- name: put_back
-- Claimed, and not sent: it was no try.
UPDATE notices SET next_try_wall = %(from_wall)s, tries = tries - 1
WHERE site = %(of_site)s AND id = ANY(%(ids)s) AND state = 'waiting';

-- name: fail_without_channel
-- What was left by a channel that the settings no longer have.
UPDATE notices SET state = 'failed', ended_at = %(at)s, failed_why = 'channel_not_configured'
WHERE state = 'waiting' AND channel <> ALL(%(channels)s);

-- name: forget
DELETE FROM notices WHERE ctid IN (SELECT ctid FROM notices WHERE made_at < %(before)s LIMIT %(limit)s);

-- name: inbox
SELECT id, site, kind, number, details, urgency, made_at, read_at, EXISTS (
    SELECT FROM work_orders AS o WHERE o.site = notices.site AND o.number = notices.number AND o.confidential) AS is_hidden
FROM notices
WHERE recipient = %(me)s AND channel = 'inbox' AND (%(older_than)s::bigint IS NULL OR id < %(older_than)s)
  AND (NOT %(unread)s OR read_at IS NULL)
ORDER BY id DESC
LIMIT %(limit)s;

-- name: unread
SELECT count(*) AS unread FROM
    (SELECT FROM notices WHERE recipient = %(me)s AND channel = 'inbox' AND read_at IS NULL LIMIT %(most)s) AS counted;

-- name: read
UPDATE notices SET read_at = %(at)s
WHERE recipient = %(me)s AND channel = 'inbox' AND read_at IS NULL
  AND (id = ANY(%(ids)s) OR id <= %(up_to)s::bigint);

-- name: deliveries
SELECT id, recipient, channel, kind, number, urgency, state, made_at, due_at, tries, ended_at, failed_why FROM notices
WHERE site = %(site)s AND (%(older_than)s::bigint IS NULL OR id < %(older_than)s)
  AND (%(state)s::text IS NULL OR state = %(state)s) AND (%(channel)s::text IS NULL OR channel = %(channel)s)
  AND (%(number)s::text IS NULL OR number = %(number)s)
  AND (%(is_confidant)s OR NOT EXISTS (
      SELECT FROM work_orders AS o WHERE o.site = notices.site AND o.number = notices.number AND o.confidential))
ORDER BY id DESC
LIMIT %(limit)s;

-- name: figures
SELECT channel, state, count(*) AS notices,
       coalesce(sum((details ->> 'count')::bigint) FILTER (WHERE kind = 'overflow'), 0)::bigint AS not_written
FROM notices
WHERE site = %(site)s AND made_at > %(since)s
GROUP BY channel, state
ORDER BY channel, state;

-- name: preferences
SELECT language, to_char(quiet_from, 'HH24:MI') AS quiet_from, to_char(quiet_until, 'HH24:MI') AS quiet_until,
       to_char(digest_at, 'HH24:MI') AS digest_at, muted,
       only_kinds AS "only"
FROM notice_preferences
WHERE site = %(site)s AND username = %(username)s;

-- name: put_preferences
INSERT INTO notice_preferences (site, username, language, quiet_from, quiet_until, digest_at, muted, only_kinds,
                                changed_at)
VALUES (%(site)s, %(username)s, %(language)s, %(quiet_from)s::time, %(quiet_until)s::time, %(digest_at)s::time, %(muted)s,
        %(only)s, %(at)s)
ON CONFLICT (site, username) DO UPDATE
SET language = excluded.language, quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until,
    digest_at = excluded.digest_at, muted = excluded.muted, only_kinds = excluded.only_kinds, changed_at = excluded.changed_at;

-- name: addresses
SELECT channel, target, address, confirmed FROM notice_addresses
WHERE site = %(site)s AND username = %(username)s
ORDER BY channel, target;

-- name: lock_person
-- One change of a person's addresses at a time, so that their limit holds.
SELECT username FROM people WHERE site = %(site)s AND username = %(username)s FOR NO KEY UPDATE;

-- name: put_address
INSERT INTO notice_addresses (site, username, channel, target, address, confirmed, asked_wall)
VALUES (%(site)s, %(username)s, %(channel)s, %(target)s, %(address)s, %(confirmed)s, %(wall)s)
ON CONFLICT (site, username, channel, target) DO UPDATE
SET address = excluded.address, confirmed = excluded.confirmed, wrong_codes = 0, asked_wall = excluded.asked_wall;

-- name: address
SELECT address, confirmed, wrong_codes, asked_wall FROM notice_addresses
WHERE site = %(site)s AND username = %(username)s AND channel = %(channel)s AND target = %(target)s
FOR UPDATE;

-- name: confirm_address
UPDATE notice_addresses SET confirmed = true
WHERE site = %(site)s AND username = %(username)s AND channel = %(channel)s AND target = %(target)s;

-- name: wrong_code
UPDATE notice_addresses SET wrong_codes = wrong_codes + 1
WHERE site = %(site)s AND username = %(username)s AND channel = %(channel)s AND target = %(target)s;

-- name: remove_address
DELETE FROM notice_addresses
WHERE site = %(site)s AND username = %(username)s AND channel = %(channel)s AND target = %(target)s;

-- name: take_from_others
-- Run with sight of all sites.
DELETE FROM notice_addresses
WHERE channel = %(channel)s AND target = %(target)s AND (site, username) <> (%(of_site)s, %(username)s)
RETURNING site, username;

-- name: address_gone
-- Not another one that was put in its place while it was tried.
DELETE FROM notice_addresses
WHERE username = %(username)s AND channel = %(channel)s AND target = %(target)s AND address = %(address)s;
