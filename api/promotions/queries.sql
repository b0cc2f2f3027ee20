-- name: was_live
-- Whether the rule was live at any time; no row if there never was such a rule.
WITH history AS (
    SELECT version, changed_at, CASE WHEN body IS NULL THEN 'removed' ELSE coalesce(body ->> 'mode', 'live') END AS mode
    FROM rule_versions
    WHERE site = %(site)s AND uid = %(uid)s
)
SELECT bool_or(mode = 'live') AS was_live
FROM history
HAVING count(*) > 0;

-- name: trial_versions
-- What has been on trial since the rule was last anything else, the newest first.
SELECT changed_at, body
FROM rule_versions
WHERE site = %(site)s AND uid = %(uid)s AND version > (
    SELECT coalesce(max(version), 0) FROM rule_versions
    WHERE site = %(site)s AND uid = %(uid)s AND coalesce(body ->> 'mode', 'live') <> 'monitor'
)
ORDER BY version DESC
LIMIT %(limit)s;

-- name: by_day
SELECT to_char(raised_at AT TIME ZONE %(time_zone)s, 'YYYY-MM-DD') AS day, count(*) AS alerts
FROM monitored_alerts
WHERE site = %(site)s AND rule_uid = %(uid)s AND raised_at >= %(begin)s AND raised_at < %(end)s AND state <> 'withdrawn'
GROUP BY 1
ORDER BY 1;

-- name: by_device
SELECT device, count(*) AS alerts
FROM monitored_alerts
WHERE site = %(site)s AND rule_uid = %(uid)s AND raised_at >= %(begin)s AND raised_at < %(end)s AND state <> 'withdrawn'
GROUP BY device
ORDER BY alerts DESC, device COLLATE "C"
LIMIT %(limit)s;

-- name: alerts
SELECT alert_id, rule_version, key, state, severity, category, raised_at, updated_at, cleared_at, count, device, zone,
       building, opens_order, text
FROM monitored_alerts
WHERE site = %(site)s AND rule_uid = %(uid)s
  AND (%(begin)s::timestamptz IS NULL OR raised_at >= %(begin)s)
  AND (%(end)s::timestamptz IS NULL OR raised_at < %(end)s)
  AND (%(raised_at)s::timestamptz IS NULL OR (raised_at, alert_id) < (%(raised_at)s, %(alert_id)s::uuid))
ORDER BY raised_at DESC, alert_id DESC
LIMIT %(limit)s;

-- name: overlaps
-- Monitored alerts that lie within minutes of an alert of the same device (or, without one, place) that people judged.
-- What late events have withdrawn is counted by itself and nowhere else: there was nothing, or another one counts it.
SELECT count(*) FILTER (WHERE m.state <> 'withdrawn') AS alerts, count(*) FILTER (WHERE m.state = 'withdrawn') AS withdrawn,
       count(*) FILTER (WHERE m.state <> 'withdrawn' AND m.opens_order) AS orders,
       count(*) FILTER (WHERE judged.as_true) AS with_true,
       count(*) FILTER (WHERE judged.as_false AND NOT judged.as_true) AS with_false
FROM monitored_alerts AS m
LEFT JOIN LATERAL (
    SELECT bool_or(c.verdict = 'true') AS as_true, bool_or(c.verdict <> 'true') AS as_false
    FROM alerts AS a
    JOIN alert_actions AS c ON c.site = a.site AND c.alert_id = a.alert_id AND c.action = 'closed'
    WHERE a.site = m.site AND m.state <> 'withdrawn' AND c.verdict IN ('true', 'false', 'nuisance')
      AND (a.device = m.device OR (m.device IS NULL AND a.device IS NULL
           AND (a.zone, a.building) IS NOT DISTINCT FROM (m.zone, m.building)))
      AND a.raised_at <= coalesce(m.cleared_at, m.updated_at) + %(within)s
      AND coalesce(a.cleared_at, a.updated_at) >= m.raised_at - %(within)s
) AS judged ON true
WHERE m.site = %(site)s AND m.rule_uid = %(uid)s AND m.raised_at >= %(begin)s AND m.raised_at < %(end)s;

-- name: live
SELECT count(*) FILTER (WHERE a.correction IS DISTINCT FROM 'withdrawn') AS alerts,
       count(*) FILTER (WHERE a.correction = 'withdrawn') AS withdrawn, count(o.number) AS orders,
       count(*) FILTER (WHERE c.verdict = 'true') AS judged_true,
       count(*) FILTER (WHERE c.verdict IN ('false', 'nuisance')) AS judged_false
FROM alerts AS a
LEFT JOIN work_orders AS o ON o.site = a.site AND o.alert_id = a.alert_id
LEFT JOIN alert_actions AS c ON c.site = a.site AND c.alert_id = a.alert_id AND c.action = 'closed'
WHERE a.site = %(site)s AND a.rule_uid = %(uid)s AND a.raised_at >= %(begin)s AND a.raised_at < %(end)s;
