-- name: now
-- The end of each of the three sequences.
SELECT e.position AS event_position, e.n AS event_n, a.position AS alert_position, a.n AS alert_n,
       coalesce((SELECT feed_seq FROM feed_counters WHERE site = %(site)s), 0) AS feed_seq
FROM (SELECT 1) AS one
LEFT JOIN LATERAL (
    SELECT position, n FROM events WHERE site = %(site)s ORDER BY position DESC, n DESC LIMIT 1) AS e ON true
LEFT JOIN LATERAL (
    SELECT position, n FROM alert_versions WHERE site = %(site)s ORDER BY position DESC, n DESC LIMIT 1) AS a ON true;

-- name: events_after
SELECT e.*, p.personal
FROM (
    SELECT site, position, n, device, event_time, event_id, event_type, recorded_time, sequence, flags, data
    FROM events
    WHERE site = %(site)s AND (position, n) > (%(position)s, %(n)s)
    ORDER BY position, n
    LIMIT %(limit)s
) AS e
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(field, value) AS personal FROM events_personal AS v
    WHERE v.site = e.site AND v.device = e.device AND v.event_time = e.event_time AND v.event_id = e.event_id
) AS p ON true
ORDER BY e.position, e.n;

-- name: alerts_after
SELECT position, n, body FROM alert_versions
WHERE site = %(site)s AND (position, n) > (%(position)s, %(n)s)
ORDER BY position, n
LIMIT %(limit)s;

-- name: acts_after
-- What people and rules did to orders and alerts, in one sequence without gaps. Rows that the reader does not see come
-- too, so that the cursor passes them. Each half is cut by itself: who was away for long reads no more than a page.
-- `inside`: seen by who looks after the order, has it, helps with it or may take it, or has or helps with what it is
-- merged into or a part of (`order.is_inside`). Who has that is asked for each order by its key: as EXISTS it could be
-- read as a whole. `of_hidden`: about a part, or what is merged, that is confidential by now and not for the reader.
(SELECT h.feed_seq, 'order' AS kind, h.number AS subject, h.action, h.from_state, h.to_state, h.actor, h.at, h.worker,
       h.reason, NULL AS verdict, o.origin, o.category, o.severity, o.title, o.building, o.zone, o.alert_id,
       s.inside OR o.reporter = %(me)s
       OR (o.origin = 'alert' AND o.building = %(home_building)s AND NOT o.confidential) AS visible, s.inside,
       coalesce(h.detail ? 'follower', false) AS of_follower,
       coalesce((SELECT c.confidential AND NOT %(is_confidant)s AND c.reporter IS DISTINCT FROM %(me)s
                        AND NOT (%(is_worker)s AND (c.worker IS NOT DISTINCT FROM %(me)s
                                 OR EXISTS (SELECT FROM order_helpers AS a WHERE a.site = c.site AND a.number = c.number
                                            AND a.helper = %(me)s)))
                 FROM work_orders AS c
                 WHERE c.site = h.site
                   AND c.number = coalesce(h.detail ->> 'part', h.detail ->> 'follower', h.detail ->> 'number')),
                false) AS of_hidden
FROM order_history AS h JOIN work_orders AS o USING (site, number), LATERAL (
    SELECT coalesce(
        (%(sees_all)s AND (NOT o.confidential OR %(is_confidant)s))
        OR (%(is_worker)s
            AND (o.worker = %(me)s OR (h.worker = %(me)s AND NOT o.confidential)
                 OR EXISTS (SELECT FROM order_helpers AS a WHERE a.site = o.site AND a.number = o.number
                         AND a.helper = %(me)s)
                 OR (coalesce(o.merged_into, o.parent) IS NOT NULL AND NOT o.confidential
                     AND ((SELECT m.worker FROM work_orders AS m
                           WHERE m.site = o.site AND m.number = coalesce(o.merged_into, o.parent)) = %(me)s
                          OR EXISTS (SELECT FROM order_helpers AS a WHERE a.site = o.site
                                  AND a.number = coalesce(o.merged_into, o.parent) AND a.helper = %(me)s)))
                 OR (o.state = 'accepted' AND NOT o.confidential
                     AND EXISTS (SELECT FROM order_offers AS f WHERE f.site = o.site AND f.number = o.number
                                 AND f.until IS NOT NULL AND %(me)s = ANY(f.workers))))), false) AS inside) AS s
WHERE h.site = %(site)s AND h.feed_seq > %(feed_seq)s
ORDER BY h.feed_seq
LIMIT %(limit)s)
UNION ALL
(SELECT a.feed_seq, 'alert', NULL, a.action, NULL, NULL, a.actor, a.at, NULL, a.note, a.verdict, NULL, NULL, NULL, NULL,
       NULL, NULL, a.alert_id, %(sees_all)s, %(sees_all)s, false, false
FROM alert_actions AS a
WHERE a.site = %(site)s AND a.feed_seq > %(feed_seq)s
ORDER BY a.feed_seq
LIMIT %(limit)s)
ORDER BY feed_seq
LIMIT %(limit)s;
