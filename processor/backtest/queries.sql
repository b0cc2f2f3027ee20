-- name: begin
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- name: allow_duration
SELECT set_config('statement_timeout', %(milliseconds)s, true)

-- name: sites
SELECT DISTINCT site FROM partition_sites ORDER BY site

-- name: find_partition
SELECT s.partition, p.engine_time, p.listened FROM partition_sites s JOIN partitions p USING (partition)
WHERE s.site = %(site)s ORDER BY p.engine_time DESC LIMIT 1

-- name: ends_of_events
SELECT (SELECT position FROM events WHERE site = %(site)s ORDER BY position, n LIMIT 1) AS first,
       (SELECT position FROM events WHERE site = %(site)s ORDER BY position DESC, n DESC LIMIT 1) AS last

-- name: next_event
SELECT position, recorded_time FROM events WHERE site = %(site)s AND position >= %(position)s ORDER BY position, n LIMIT 1

-- name: last_event_before
SELECT position FROM events WHERE site = %(site)s AND position < %(position)s ORDER BY position DESC, n DESC LIMIT 1

-- name: around_controls
SELECT max(position) FILTER (WHERE recorded_time < %(at)s) AS last_before,
       min(position) FILTER (WHERE recorded_time >= %(at)s) AS first_after
FROM control_frames WHERE site = %(site)s

-- name: read_rule_puts
SELECT kind, body FROM control_frames
WHERE site = %(site)s AND kind IN ('rule.put', 'rule.removed') AND position < %(before)s
ORDER BY position, n

-- name: read_controls
SELECT position, recorded_time, listened, control_id, kind, body FROM control_frames
WHERE site = %(site)s AND position < %(before)s
ORDER BY position, n

-- name: read_outages
SELECT position, began, ended FROM outages WHERE partition = %(partition)s AND position <= %(until)s ORDER BY position

-- name: read_events
-- Data only where somebody looks at it; of every event its device's clock and newest event are made.
SELECT position, recorded_time, device, event_id, event_type, schema_version, event_time,
       CASE WHEN event_type = ANY(%(types)s) THEN data END AS data, sequence, flags
FROM events
WHERE site = %(site)s AND position >= %(from)s AND position < %(before)s AND flags & %(derived)s = 0
ORDER BY position, n

-- name: find_event
SELECT position, n, recorded_time, event_type, schema_version, data, flags, event_time FROM events
WHERE site = %(site)s AND device = %(device)s AND event_id = %(event_id)s
ORDER BY position, n LIMIT 1

-- name: find_derived
-- What the engine made of an event: of a detection (arming), or of a read (passages).
SELECT device, event_id, event_type, event_time FROM events
WHERE site = %(site)s AND position >= %(position)s AND flags & %(derived)s <> 0
  AND recorded_time <= %(recorded_time)s + %(within)s
  AND ((device = %(device)s AND %(event_id)s IN (data ->> 'event_id', data ->> 'first_read', data ->> 'last_read'))
       OR (data ->> 'plate_device' = %(device)s AND data ->> 'plate_event' = %(event_id)s))
ORDER BY position, n
LIMIT %(limit)s

-- name: read_live_alerts
-- Told in [from, to), each in its newest version before the end. The positions only say where to look.
SELECT newest.body
FROM alert_versions raised
CROSS JOIN LATERAL (
    SELECT body FROM alert_versions v
    WHERE v.site = raised.site AND v.alert_id = raised.alert_id AND v.told_at < %(to)s
    ORDER BY v.version DESC LIMIT 1
) newest
WHERE raised.site = %(site)s AND raised.version = 1 AND raised.position > %(after)s AND raised.position <= %(until)s
  AND raised.told_at >= %(from)s AND raised.told_at < %(to)s
  AND (%(rule_uid)s::text IS NULL OR raised.body ->> 'rule_uid' = %(rule_uid)s)
ORDER BY raised.position, raised.n
LIMIT %(limit)s

-- name: read_verdicts
SELECT body ->> 'alert_id' AS alert_id, body ->> 'verdict' AS verdict FROM control_frames
WHERE site = %(site)s AND kind = 'alert.closed'
ORDER BY position, n
