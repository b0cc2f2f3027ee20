-- name: bound_idle_transactions
SELECT set_config('idle_in_transaction_session_timeout', %(milliseconds)s, false)

-- name: copy_events
COPY events (event_time, recorded_time, position, n, schema_version, flags, sequence, site, device, event_type, event_id, data)
FROM STDIN (FORMAT BINARY)

-- name: copy_personal
COPY events_personal (event_time, recorded_time, site, device, event_id, field, class, value)
FROM STDIN (FORMAT BINARY)

-- name: insert_control
INSERT INTO control_frames (site, partition, position, n, control_id, kind, body, recorded_time, listened)
VALUES (%(site)s, %(partition)s, %(position)s, %(n)s, %(control_id)s, %(kind)s, %(body)s::jsonb, %(recorded_time)s,
        %(listened)s)

-- name: insert_alert_version
INSERT INTO alert_versions (site, alert_id, version, position, n, body, told_at)
VALUES (%(site)s, %(alert_id)s, %(version)s, %(position)s, %(n)s, %(body)s::jsonb, %(told_at)s)
ON CONFLICT (site, alert_id, version) DO NOTHING

-- name: put_alert
INSERT INTO alerts (site, alert_id, version, rule_uid, rule_version, key, state, severity, category, raised_at, updated_at,
                    cleared_at, count, device, zone, building, opens_order, title, text, cause, merged_into, merged_count,
                    order_category, correction, first_position, first_n)
VALUES (%(site)s, %(alert_id)s, %(version)s, %(rule_uid)s, %(rule_version)s, %(key)s, %(state)s, %(severity)s, %(category)s,
        %(raised_at)s, %(updated_at)s, %(cleared_at)s, %(count)s, %(device)s, %(zone)s, %(building)s, %(opens_order)s,
        %(title)s::jsonb, %(text)s::jsonb, %(cause)s::jsonb, %(merged_into)s, %(merged_count)s, %(order_category)s,
        %(correction)s, %(position)s, %(n)s)
ON CONFLICT (site, alert_id) DO UPDATE
SET version = excluded.version, rule_version = excluded.rule_version, state = excluded.state,
    raised_at = excluded.raised_at, updated_at = excluded.updated_at, cleared_at = excluded.cleared_at,
    count = excluded.count, text = excluded.text, merged_into = excluded.merged_into,
    merged_count = excluded.merged_count, correction = excluded.correction, opens_order = excluded.opens_order,
    order_category = excluded.order_category
WHERE alerts.version < excluded.version

-- name: put_monitored_alert
-- Nobody is told its corrections one by one: what was withdrawn is a state of its own.
INSERT INTO monitored_alerts (site, alert_id, version, rule_uid, rule_version, key, state, severity, category, raised_at,
                              updated_at, cleared_at, count, device, zone, building, opens_order, text)
VALUES (%(site)s, %(alert_id)s, %(version)s, %(rule_uid)s, %(rule_version)s, %(key)s,
        CASE %(correction)s::text WHEN 'withdrawn' THEN 'withdrawn' ELSE %(state)s END, %(severity)s, %(category)s, %(raised_at)s, %(updated_at)s, %(cleared_at)s, %(count)s, %(device)s, %(zone)s, %(building)s, %(opens_order)s,
        %(text)s::jsonb)
ON CONFLICT (site, alert_id) DO UPDATE
SET version = excluded.version, rule_version = excluded.rule_version, state = excluded.state,
    raised_at = excluded.raised_at, updated_at = excluded.updated_at, cleared_at = excluded.cleared_at,
    count = excluded.count, text = excluded.text
WHERE monitored_alerts.version < excluded.version

-- name: insert_outbox
INSERT INTO outbox (partition, position, n, nats_subject, payload)
VALUES (%(partition)s, %(position)s, %(n)s, %(nats_subject)s, %(payload)s)

-- name: insert_left_out
INSERT INTO left_out (partition, position, n, reason) VALUES (%(partition)s, %(position)s, %(n)s, %(reason)s)

-- name: insert_outage
INSERT INTO outages (partition, position, began, ended)
VALUES (%(partition)s, %(position)s, %(began)s, %(ended)s)
ON CONFLICT (partition, position) DO NOTHING

-- name: insert_site
INSERT INTO partition_sites (partition, site) VALUES (%(partition)s, %(site)s) ON CONFLICT DO NOTHING

-- name: move_offset
UPDATE partitions
SET sequence = %(sequence)s, frame_id = %(frame_id)s, engine_time = %(engine_time)s, listened = %(listened)s,
    lease_until = %(lease_until)s
WHERE partition = %(partition)s AND owner = %(owner)s AND owner_epoch = %(owner_epoch)s
  AND stream_epoch = %(stream_epoch)s AND sequence = %(from_sequence)s AND frame_id = %(from_frame_id)s

-- name: read_offset
SELECT owner, owner_epoch, stream_epoch, sequence, frame_id FROM partitions WHERE partition = %(partition)s

-- name: find_stored
SELECT e.site, e.device, e.event_time, e.event_id, e.position, e.n
FROM unnest(%(sites)s::text[], %(devices)s::text[], %(event_times)s::timestamptz[], %(event_ids)s::text[])
     AS asked (site, device, event_time, event_id)
JOIN events e ON e.site = asked.site AND e.device = asked.device AND e.event_time = asked.event_time
             AND e.event_id = asked.event_id

-- name: find_stored_content
SELECT EXISTS (
    SELECT FROM events
    WHERE site = %(site)s AND device = %(device)s AND starts_with(event_id, %(content)s)
      AND event_time > %(after)s AND position < %(position)s
) AS stored
