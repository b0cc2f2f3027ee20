-- name: page
SELECT a.alert_id, a.version, a.rule_uid, a.rule_version, a.key, a.state, a.severity, a.category, a.raised_at,
       a.updated_at, a.cleared_at, a.count, a.device, a.zone, a.building, a.opens_order, a.title, a.text, a.cause,
       a.first_position, a.first_n, o.number AS work_order,
       k.actor AS acknowledged_by, k.at AS acknowledged_at, k.note AS acknowledged_note,
       c.actor AS closed_by, c.at AS closed_at, c.verdict, c.note AS closed_note
FROM alerts AS a
LEFT JOIN work_orders AS o ON o.site = a.site AND o.alert_id = a.alert_id
LEFT JOIN alert_actions AS k ON k.site = a.site AND k.alert_id = a.alert_id AND k.action = 'acknowledged'
LEFT JOIN alert_actions AS c ON c.site = a.site AND c.alert_id = a.alert_id AND c.action = 'closed'
WHERE a.site = %(site)s
  AND (%(alert_id)s::uuid IS NULL OR a.alert_id = %(alert_id)s)
  AND (%(position)s::bigint IS NULL OR (a.first_position, a.first_n) < (%(position)s, %(n)s))
  AND (%(state)s::text IS NULL OR a.state = %(state)s)
  AND (%(rule_uid)s::text IS NULL OR a.rule_uid = %(rule_uid)s)
  AND (%(is_open)s::boolean IS NULL OR (c.action IS NULL) = %(is_open)s)
ORDER BY a.first_position DESC, a.first_n DESC
LIMIT %(limit)s;

-- name: exists
SELECT alert_id FROM alerts WHERE site = %(site)s AND alert_id = %(alert_id)s;

-- name: add_action
INSERT INTO alert_actions (site, alert_id, action, actor, at, verdict, note, feed_seq)
VALUES (%(site)s, %(alert_id)s, %(action)s, %(actor)s, %(at)s, %(verdict)s, %(note)s, %(feed_seq)s)
ON CONFLICT DO NOTHING
RETURNING feed_seq;
