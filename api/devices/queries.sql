-- name: existing
SELECT device, kind FROM devices WHERE site = %(site)s AND device = ANY(%(devices)s) ORDER BY device FOR UPDATE;

-- name: uplinks_above
-- What these devices hang on, and what that hangs on, so many levels up.
WITH RECURSIVE above (device, uplink, level) AS (
    SELECT device, coalesce(uplink, bridge), 1 FROM devices WHERE site = %(site)s AND device = ANY(%(devices)s)
    UNION ALL
    SELECT d.device, coalesce(d.uplink, d.bridge), above.level + 1
    FROM above JOIN devices AS d ON d.site = %(site)s AND d.device = above.uplink
    WHERE above.level < %(levels)s
)
SELECT DISTINCT device, uplink FROM above WHERE uplink IS NOT NULL;

-- name: put
INSERT INTO devices (site, device, kind, format, external_id, bridge, base_topic, topic_root, zone, building, key_point,
                     direction, secret_sha256, enabled, uplink, created_at, updated_at)
VALUES (%(site)s, %(device)s, %(kind)s, %(format)s, %(external_id)s, %(bridge)s, %(base_topic)s, %(topic_root)s,
        %(zone)s, %(building)s, %(key_point)s, %(direction)s, %(secret_sha256)s, %(enabled)s, %(uplink)s, %(at)s, %(at)s)
ON CONFLICT (site, device) DO UPDATE
SET kind = excluded.kind, format = excluded.format, external_id = excluded.external_id, bridge = excluded.bridge,
    base_topic = excluded.base_topic, topic_root = excluded.topic_root, zone = excluded.zone,
    building = excluded.building, key_point = excluded.key_point, direction = excluded.direction,
    secret_sha256 = excluded.secret_sha256, enabled = excluded.enabled, uplink = excluded.uplink,
    updated_at = excluded.updated_at;

-- name: change
UPDATE devices
SET enabled = coalesce(%(enabled)s, enabled), secret_sha256 = coalesce(%(secret_sha256)s, secret_sha256),
    uplink = %(uplink)s, zone = %(zone)s, building = %(building)s, key_point = %(key_point)s, updated_at = %(at)s
WHERE site = %(site)s AND device = %(device)s;

-- name: one
SELECT d.device, d.kind, d.format, d.external_id, d.bridge, d.base_topic, d.zone, d.building, d.key_point, d.direction,
       d.secret_sha256, d.enabled, d.uplink, d.created_at, d.updated_at, s.partition
FROM devices AS d JOIN sites AS s USING (site)
WHERE d.site = %(site)s AND d.device = %(device)s;

-- name: page
SELECT device, kind, format, external_id, bridge, base_topic, zone, building, key_point, direction, enabled, uplink,
       created_at, updated_at
FROM devices
WHERE site = %(site)s
  AND (%(kind)s::text IS NULL OR kind = %(kind)s)
  AND (%(after)s::text IS NULL OR device COLLATE "C" > %(after)s)
ORDER BY device COLLATE "C"
LIMIT %(limit)s;
