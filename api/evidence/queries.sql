-- name: entries
-- `before` is the hash of the site's entry before, which mostly is of another order. `known`: of how many.
SELECT count(*) OVER () AS known, n, action, from_state, to_state, actor, at, worker, reason, detail, feed_seq,
       (SELECT encode(b.hash, 'hex') FROM order_history AS b
        WHERE b.site = h.site AND b.feed_seq < h.feed_seq
        ORDER BY b.feed_seq DESC
        LIMIT 1) AS before,
       encode(hash, 'hex') AS hash
FROM order_history AS h
WHERE site = %(site)s AND number = %(number)s
ORDER BY n
LIMIT %(limit)s;

-- name: promises
-- Of all rounds; what the newest came to stands beside it.
SELECT round, began_at, due_at, follows, ended_at, outcome FROM order_promises
WHERE site = %(site)s AND number = %(number)s
ORDER BY round;

-- name: related
-- What was merged into an order, with what its reporters said of the answer, and its parts. Who reported is not told.
-- The newest rating, of whichever round: a merged order begins another one as soon as its master is reopened.
SELECT o.number, CASE WHEN o.parent = %(number)s THEN 'part' ELSE 'merged' END AS relation, o.state, o.channel,
       o.category, o.opened_at, o.title, o.text, o.worker, o.resolution, o.answered_at, r.round, r.score, r.solved,
       r.comment
FROM work_orders AS o
LEFT JOIN LATERAL (
    SELECT round, score, solved, comment FROM order_ratings AS each
    WHERE each.site = o.site AND each.number = o.number
    ORDER BY each.round DESC LIMIT 1
) AS r ON true
WHERE o.site = %(site)s AND (o.merged_into = %(number)s OR o.parent = %(number)s)
ORDER BY o.opened_seq
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

-- name: pictured
-- What the history says of them.
SELECT action, actor, at, detail FROM order_history
WHERE site = %(site)s AND number = %(number)s AND action = 'pictured'
ORDER BY n;

-- name: residents
-- Who of these is nothing but a resident: their names are no part of the evidence.
SELECT username FROM people
WHERE site = %(site)s AND username = ANY(%(usernames)s) AND roles = ARRAY['resident'];

-- name: names_of
-- How those are called who sent in an order or what belongs to it, and who else of the residents acted on it.
WITH own AS (
    SELECT number, reporter FROM work_orders
    WHERE site = %(site)s AND (number = %(number)s OR merged_into = %(number)s OR parent = %(number)s)
    UNION ALL
    SELECT m.number, m.reporter FROM work_orders AS o
    JOIN work_orders AS m ON m.site = o.site AND m.number IN (o.merged_into, o.parent)
    WHERE o.site = %(site)s AND o.number = %(number)s
)
SELECT name FROM people
WHERE site = %(site)s AND (username = ANY(%(usernames)s) OR username IN (SELECT reporter FROM own))
UNION
SELECT c.name FROM order_callers AS c JOIN own USING (number) WHERE c.site = %(site)s
UNION
SELECT n.name FROM open311_requests AS r JOIN own USING (number)
JOIN open311_contacts AS c USING (site, token)
CROSS JOIN LATERAL unnest(ARRAY[c.first_name, c.last_name, c.last_name || c.first_name]) AS n(name)
WHERE r.site = %(site)s AND n.name IS NOT NULL
LIMIT %(limit)s;

-- name: versions
-- All that an alert was, the first version first. `known`: of how many.
SELECT count(*) OVER () AS known, body FROM alert_versions
WHERE site = %(site)s AND alert_id = %(alert_id)s
ORDER BY version
LIMIT %(limit)s;

-- name: count_events
SELECT count(*) AS events FROM events
WHERE site = %(site)s AND device = %(device)s AND event_time >= %(after)s AND event_time < %(before)s;
