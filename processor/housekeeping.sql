-- name: delete_old_personal
WITH old AS (
    SELECT site, device, event_time, event_id, field FROM events_personal
    WHERE recorded_time < %(before)s ORDER BY recorded_time LIMIT %(limit)s
)
DELETE FROM events_personal AS kept USING old
WHERE kept.site = old.site AND kept.device = old.device AND kept.event_time = old.event_time
  AND kept.event_id = old.event_id AND kept.field = old.field

-- name: note_purge
UPDATE partitions SET purged_below = greatest(purged_below, %(below)s)
WHERE partition = %(partition)s AND owner = %(owner)s AND owner_epoch = %(owner_epoch)s

-- name: delete_left_out
DELETE FROM left_out WHERE partition = %(partition)s AND position < %(before)s
