-- name: change_plan
-- Who set the mode, when and why stays what they said.
INSERT INTO arming_zones (site, zone, change, plan, changed_by, changed_at, why)
VALUES (%(site)s, %(zone)s, 1, %(plan)s, %(actor)s, %(at)s, %(why)s)
ON CONFLICT (site, zone) DO UPDATE
SET change = arming_zones.change + 1, plan = excluded.plan
RETURNING change;

-- name: change_mode
INSERT INTO arming_zones (site, zone, change, mode, mode_until, forced, changed_by, changed_at, why)
VALUES (%(site)s, %(zone)s, 1, %(mode)s, %(until)s, %(forced)s, %(actor)s, %(at)s, %(why)s)
ON CONFLICT (site, zone) DO UPDATE
SET change = arming_zones.change + 1, mode = excluded.mode, mode_until = excluded.mode_until, forced = excluded.forced,
    changed_by = excluded.changed_by, changed_at = excluded.changed_at, why = excluded.why
RETURNING change;

-- name: remove_zone
DELETE FROM arming_zones WHERE site = %(site)s AND zone = %(zone)s RETURNING change;

-- name: zones_entered_by
SELECT zone FROM arming_zones WHERE site = %(site)s AND plan->'entry_doors' ? %(device)s ORDER BY zone COLLATE "C";

-- name: zones
-- With the engine's newest word about each zone's mode, and about what was detected since. It stands under the zone's name
-- or one of its devices': a look-up for each, because row-level security keeps an index on the data itself from being used.
WITH places AS (
    SELECT zone, zone AS device FROM zones WHERE site = %(site)s AND (%(zone)s::text IS NULL OR zone = %(zone)s)
    UNION
    SELECT zone, device FROM devices
    WHERE site = %(site)s AND zone IS NOT NULL AND (%(zone)s::text IS NULL OR zone = %(zone)s)
), said AS MATERIALIZED (
    SELECT DISTINCT ON (p.zone) p.zone, e.* FROM places AS p CROSS JOIN LATERAL (
        SELECT event_type, event_time, data, position, n FROM events
        WHERE site = %(site)s AND device = p.device
          AND event_type IN ('zone.arming', 'zone.armed', 'zone.disarmed', 'arming.refused')
          AND flags & %(derived)s <> 0 AND data->>'zone' = p.zone
        ORDER BY position DESC, n DESC
        LIMIT 1
    ) AS e
    ORDER BY p.zone, e.position DESC, e.n DESC
), stands AS MATERIALIZED (
    -- Where arming was refused: whose mode it is that stays.
    SELECT DISTINCT ON (p.zone) p.zone, e.* FROM said AS s JOIN places AS p USING (zone) CROSS JOIN LATERAL (
        SELECT event_time, data, position, n FROM events
        WHERE site = %(site)s AND device = p.device AND event_type IN ('zone.armed', 'zone.disarmed')
          AND flags & %(derived)s <> 0 AND data->>'zone' = p.zone
        ORDER BY position DESC, n DESC
        LIMIT 1
    ) AS e
    WHERE s.event_type = 'arming.refused'
    ORDER BY p.zone, e.position DESC, e.n DESC
), detected AS MATERIALIZED (
    SELECT DISTINCT ON (p.zone) p.zone, e.* FROM places AS p CROSS JOIN LATERAL (
        SELECT event_type, event_time, position, n FROM events
        WHERE site = %(site)s AND device = p.device AND event_type IN ('entry.begun', 'intrusion.confirmed')
          AND flags & %(derived)s <> 0 AND data->>'zone' = p.zone
        ORDER BY position DESC, n DESC
        LIMIT 1
    ) AS e
    ORDER BY p.zone, e.position DESC, e.n DESC
), left_open AS MATERIALIZED (
    SELECT DISTINCT ON (p.zone) p.zone, p.device, e.* FROM places AS p CROSS JOIN LATERAL (
        SELECT event_time, position, n FROM events
        WHERE site = %(site)s AND device = p.device AND event_type = 'door.left_open'
          AND flags & %(derived)s <> 0 AND data->>'zone' = p.zone
        ORDER BY position DESC, n DESC
        LIMIT 1
    ) AS e
    ORDER BY p.zone, e.position DESC, e.n DESC
), planned AS MATERIALIZED (
    SELECT DISTINCT ON (subject) subject AS zone, actor, at, why FROM arming_history
    WHERE site = %(site)s AND subject_kind = 'zone' AND action = 'plan_put'
      AND (%(zone)s::text IS NULL OR subject = %(zone)s)
    ORDER BY subject, id DESC
)
SELECT z.zone, z.name, w.change, w.plan, w.mode, w.mode_until, w.forced, w.changed_by, w.changed_at, w.why,
       p.actor AS plan_changed_by, p.at AS plan_changed_at, p.why AS plan_why,
       s.event_type AS said, s.event_time AS said_at, s.data AS said_data,
       t.event_time AS stands_since, t.data AS stands_data,
       d.event_type AS detected, d.event_time AS detected_at, l.event_time AS left_at, l.device AS left_door
FROM zones AS z
LEFT JOIN arming_zones AS w USING (site, zone)
LEFT JOIN said AS s USING (zone)
LEFT JOIN stands AS t ON t.zone = z.zone AND t.data->>'mode' = s.data->>'stays'
LEFT JOIN planned AS p ON p.zone = z.zone AND w.plan IS NOT NULL
LEFT JOIN detected AS d ON d.zone = z.zone AND (d.position, d.n) > (s.position, s.n)
LEFT JOIN left_open AS l ON l.zone = z.zone AND (l.position, l.n) > (s.position, s.n)
WHERE z.site = %(site)s AND (%(zone)s::text IS NULL OR z.zone = %(zone)s)
ORDER BY z.zone COLLATE "C";

-- name: put_bypass
INSERT INTO bypasses (site, device, until, why, changed_by, changed_at)
VALUES (%(site)s, %(device)s, %(until)s, %(why)s, %(actor)s, %(at)s)
ON CONFLICT (site, device) DO UPDATE
SET until = excluded.until, why = excluded.why, changed_by = excluded.changed_by, changed_at = excluded.changed_at
RETURNING device, until, why, changed_by, changed_at;

-- name: end_bypass
DELETE FROM bypasses WHERE site = %(site)s AND device = %(device)s AND until > %(at)s
RETURNING device, until, why, changed_by, changed_at;

-- name: bypasses
SELECT device, until, why, changed_by, changed_at FROM bypasses
WHERE site = %(site)s AND until > %(at)s
ORDER BY device COLLATE "C";

-- name: unknown_devices
SELECT wanted.device FROM unnest(%(devices)s::text[]) AS wanted (device)
WHERE NOT EXISTS (
    SELECT FROM devices AS d
    WHERE d.site = %(site)s AND d.device = wanted.device AND (%(zone)s::text IS NULL OR d.zone = %(zone)s))
ORDER BY wanted.device;

-- name: put_window
INSERT INTO service_windows (site, name, kind, zones, devices, begins_at, ends_at, why, changed_by, changed_at)
VALUES (%(site)s, %(name)s, %(kind)s, %(zones)s, %(devices)s, %(begins_at)s, %(ends_at)s, %(why)s, %(actor)s, %(at)s)
ON CONFLICT (site, name) DO UPDATE
SET kind = excluded.kind, zones = excluded.zones, devices = excluded.devices, begins_at = excluded.begins_at,
    ends_at = excluded.ends_at, why = excluded.why, changed_by = excluded.changed_by, changed_at = excluded.changed_at
RETURNING name, kind, zones, devices, begins_at, ends_at, why, changed_by, changed_at;

-- name: drop_old_windows
DELETE FROM service_windows WHERE site = %(site)s AND ends_at < %(before)s;

-- name: count_other_windows
SELECT count(*) AS windows FROM service_windows WHERE site = %(site)s AND name <> %(name)s;

-- name: end_window
DELETE FROM service_windows WHERE site = %(site)s AND name = %(name)s AND ends_at > %(at)s
RETURNING name, kind, zones, devices, begins_at, ends_at, why, changed_by, changed_at;

-- name: windows
SELECT name, kind, zones, devices, begins_at, ends_at, why, changed_by, changed_at FROM service_windows
WHERE site = %(site)s AND ends_at > %(at)s
ORDER BY begins_at, name COLLATE "C";

-- name: add_history
INSERT INTO arming_history (site, subject_kind, subject, action, detail, actor, at, why)
VALUES (%(site)s, %(subject_kind)s, %(subject)s, %(action)s, %(detail)s, %(actor)s, %(at)s, %(why)s);

-- name: history
SELECT id, subject_kind, subject, action, detail, actor, at, why FROM arming_history
WHERE site = %(site)s
  AND (%(before)s::bigint IS NULL OR id < %(before)s)
  AND (%(subject_kind)s::text IS NULL OR subject_kind = %(subject_kind)s)
  AND (%(subject)s::text IS NULL OR subject = %(subject)s)
ORDER BY id DESC
LIMIT %(limit)s;
