-- name: heads
SELECT site, history_hash, coalesce(unchained_to, 0) AS unchained_to
FROM sites LEFT JOIN feed_counters USING (site)
WHERE %(site)s::text IS NULL OR site = %(site)s
ORDER BY site COLLATE "C";

-- name: entries
SELECT site, number, n, action, from_state, to_state, actor, at, worker, reason, detail, feed_seq, hash
FROM order_history
WHERE site = %(site)s
ORDER BY feed_seq;

-- name: gone
-- Orders that have a history and nothing else.
SELECT DISTINCT number FROM order_history AS h
WHERE site = %(site)s AND NOT EXISTS (SELECT FROM work_orders AS o WHERE o.site = h.site AND o.number = h.number)
ORDER BY number
LIMIT %(limit)s;

-- name: orders
-- Each order with all that is held against its history. As JSON: times of one moment are one text.
SELECT o.number, (to_jsonb(o) || jsonb_build_object('salt', encode(o.salt, 'hex'))) AS kept,
       (SELECT json_agg(e ORDER BY e.n) FROM order_history AS e
        WHERE e.site = o.site AND e.number = o.number) AS entries,
       (SELECT json_agg(r ORDER BY r.round) FROM order_ratings AS r
        WHERE r.site = o.site AND r.number = o.number) AS ratings,
       (SELECT json_agg(p ORDER BY p.round) FROM order_promises AS p
        WHERE p.site = o.site AND p.number = o.number) AS promises,
       (SELECT json_agg(s ORDER BY s.id) FROM order_pauses AS s
        WHERE s.site = o.site AND s.number = o.number) AS pauses,
       (SELECT json_agg(x ORDER BY x.id) FROM order_extensions AS x
        WHERE x.site = o.site AND x.number = o.number) AS extensions,
       (SELECT json_agg(p ORDER BY p.id)
        FROM (SELECT id, kind, sha256, sent_by, sent_at FROM pictures
              WHERE site = o.site AND number = o.number) AS p) AS pictures
FROM work_orders AS o
WHERE o.site = %(site)s
ORDER BY o.number;

-- name: bulletins
-- Frozen ones, and those of which the audit log says that they were, with what is kept of them.
SELECT coalesce(b.week, a.subject) AS week, b.body, b.sources, b.hash, a.detail ->> 'hash' AS frozen,
       (SELECT count(*) FROM bulletin_orders AS o WHERE o.site = %(site)s AND o.week = b.week) AS orders
FROM (SELECT * FROM bulletins WHERE site = %(site)s) AS b
FULL JOIN (SELECT subject, detail FROM audit_log WHERE site = %(site)s AND action = 'bulletin.frozen') AS a
    ON a.subject = b.week
ORDER BY 1;
