-- name: page
SELECT a.alert_id, a.version, a.rule_uid, a.rule_version, a.key, a.state, a.severity, a.category, a.raised_at,
       a.updated_at, a.cleared_at, a.count, a.device, a.zone, a.building, a.opens_order, a.title, a.text, a.cause,
       a.merged_into, a.merged_count, a.order_category, a.correction, a.first_position, a.first_n, o.number AS work_order,
       k.actor AS acknowledged_by, k.at AS acknowledged_at, k.note AS acknowledged_note,
       c.actor AS closed_by, c.at AS closed_at, c.verdict, c.note AS closed_note
FROM alerts AS a
LEFT JOIN work_orders AS o ON o.site = a.site AND o.alert_id = a.alert_id
LEFT JOIN alert_actions AS k ON k.site = a.site AND k.alert_id = a.alert_id AND k.action = 'acknowledged'
LEFT JOIN alert_actions AS c ON c.site = a.site AND c.alert_id = a.alert_id AND c.action = 'closed'
WHERE a.site = %(site)s
  AND (%(alert_id)s::uuid IS NULL OR a.alert_id = %(alert_id)s)
  AND (%(position)s::bigint IS NULL OR (a.first_position, a.first_n) < (%(position)s, %(n)s))
  AND (%(states)s::text[] IS NULL OR a.state = ANY(%(states)s))
  AND (%(rule_uid)s::text IS NULL OR a.rule_uid = %(rule_uid)s)
  AND (%(is_open)s::boolean IS NULL OR (c.action IS NULL) = %(is_open)s)
  AND (%(is_acknowledged)s::boolean IS NULL OR (k.action IS NOT NULL) = %(is_acknowledged)s)
  AND (%(verdict)s::text IS NULL OR c.verdict = %(verdict)s)
  AND (%(device)s::text IS NULL OR a.device = %(device)s)
  AND (%(has_device)s::boolean IS NULL OR (a.device IS NOT NULL) = %(has_device)s)
  AND (%(is_merged)s::boolean IS NULL OR (a.merged_into IS NOT NULL) = %(is_merged)s)
  AND (%(merged_into)s::uuid IS NULL OR a.merged_into = %(merged_into)s)
  AND (%(severity)s::text IS NULL OR a.severity = %(severity)s)
  AND (%(category)s::text IS NULL OR a.category = %(category)s)
  AND (%(zone)s::text IS NULL OR a.zone = %(zone)s)
  AND (%(building)s::text IS NULL OR a.building = %(building)s)
  AND (%(begin)s::timestamptz IS NULL OR a.raised_at >= %(begin)s)
  AND (%(end)s::timestamptz IS NULL OR a.raised_at < %(end)s)
ORDER BY a.first_position DESC, a.first_n DESC
LIMIT %(limit)s;

-- name: raised_by
SELECT rule_uid, device, key FROM alerts WHERE site = %(site)s AND alert_id = %(alert_id)s;

-- name: figures
-- What was raised within the period, by rule, device or week of the site, and what people made of it: the worst first.
SELECT * FROM (
    SELECT CASE %(by)s::text WHEN 'rule' THEN a.rule_uid WHEN 'device' THEN a.device
           ELSE to_char(date_trunc('week', a.raised_at AT TIME ZONE %(time_zone)s), 'YYYY-MM-DD') END AS key,
           count(*) AS raised,
           count(a.merged_into) AS merged,
           count(*) FILTER (WHERE a.correction = 'withdrawn') AS withdrawn,
           count(k.action) AS acknowledged,
           count(*) FILTER (WHERE c.verdict = 'true') AS judged_true,
           count(*) FILTER (WHERE c.verdict = 'false') AS judged_false,
           count(*) FILTER (WHERE c.verdict = 'drill') AS judged_drill,
           count(*) FILTER (WHERE c.verdict = 'nuisance') AS judged_nuisance,
           count(*) FILTER (WHERE c.verdict = 'test') AS judged_test,
           extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY k.at - a.raised_at))::float
               AS seconds_to_acknowledge
    FROM alerts AS a
    LEFT JOIN alert_actions AS k ON k.site = a.site AND k.alert_id = a.alert_id AND k.action = 'acknowledged'
    LEFT JOIN alert_actions AS c ON c.site = a.site AND c.alert_id = a.alert_id AND c.action = 'closed'
    WHERE a.site = %(site)s AND a.raised_at >= %(begin)s AND a.raised_at < %(end)s
      AND (%(rule_uid)s::text IS NULL OR a.rule_uid = %(rule_uid)s)
      AND (%(device)s::text IS NULL OR a.device = %(device)s)
    GROUP BY 1
) AS figures
ORDER BY judged_false + judged_nuisance DESC, raised DESC, key COLLATE "C"
LIMIT %(limit)s;

-- name: add_action
INSERT INTO alert_actions (site, alert_id, action, actor, at, verdict, note, feed_seq)
VALUES (%(site)s, %(alert_id)s, %(action)s, %(actor)s, %(at)s, %(verdict)s, %(note)s, %(feed_seq)s)
ON CONFLICT DO NOTHING
RETURNING feed_seq;
