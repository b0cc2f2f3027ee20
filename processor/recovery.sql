-- name: allow_any_duration
SELECT set_config('statement_timeout', '0', true)

-- name: read_left_out
SELECT position, n, reason FROM left_out WHERE partition = %(partition)s AND position > %(after)s

-- name: read_controls
SELECT site, position, control_id, kind, body, recorded_time, listened
FROM control_frames
WHERE partition = %(partition)s AND position > %(after)s
ORDER BY position, n

-- name: read_outages
SELECT position, began, ended FROM outages WHERE partition = %(partition)s AND position > %(after)s ORDER BY position

-- name: read_time
SELECT engine_time, listened FROM partitions WHERE partition = %(partition)s

-- name: read_events
SELECT site, device, event_id, event_type, schema_version, event_time, data::text AS data, sequence, flags, position, recorded_time
FROM events
WHERE site IN (SELECT site FROM partition_sites WHERE partition = %(partition)s) AND position > %(after)s
  AND flags & %(derived)s = 0
ORDER BY position, n
