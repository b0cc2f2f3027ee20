-- name: heads
SELECT site, history_hash FROM feed_counters
WHERE %(site)s::text IS NULL OR site = %(site)s
ORDER BY site COLLATE "C";

-- name: entries
-- `before` is the n of the order's entry before.
SELECT site, number, n, action, from_state, to_state, actor, at, worker, reason, detail, feed_seq, hash,
       lag(n, 1, 0) OVER (PARTITION BY number ORDER BY n) AS before
FROM order_history
WHERE site = %(site)s
ORDER BY feed_seq;

-- name: strays
-- Orders that are not where their newest entry says.
SELECT o.number, o.state, h.to_state
FROM work_orders AS o
LEFT JOIN LATERAL (
    SELECT to_state FROM order_history AS e WHERE e.site = o.site AND e.number = o.number ORDER BY n DESC LIMIT 1
) AS h ON true
WHERE o.site = %(site)s AND o.state IS DISTINCT FROM h.to_state
ORDER BY o.number
LIMIT %(limit)s;
