-- name: delete_old_personal
WITH old AS (
    SELECT site, device, event_time, event_id, field FROM events_personal
    WHERE recorded_time < %(before)s ORDER BY recorded_time LIMIT %(limit)s
)
DELETE FROM events_personal AS kept USING old
WHERE kept.site = old.site AND kept.device = old.device AND kept.event_time = old.event_time
  AND kept.event_id = old.event_id AND kept.field = old.field

-- name: delete_old_monitored
WITH old AS (
    SELECT site, alert_id FROM monitored_alerts WHERE updated_at < %(before)s ORDER BY updated_at LIMIT %(limit)s
)
DELETE FROM monitored_alerts AS kept USING old WHERE kept.site = old.site AND kept.alert_id = old.alert_id

-- name: note_purge
UPDATE partitions SET purged_below = greatest(purged_below, %(below)s)
WHERE partition = %(partition)s AND owner = %(owner)s AND owner_epoch = %(owner_epoch)s

-- name: delete_left_out
DELETE FROM left_out WHERE partition = %(partition)s AND position < %(before)s
