-- name: add
-- The partition is the site's own.
INSERT INTO api_outbox (site, partition, kind, body, registry_key, registry_value)
SELECT site, partition, %(kind)s, %(body)s, %(registry_key)s, %(registry_value)s FROM sites WHERE site = %(site)s;

-- name: waiting
SELECT id, site, partition, kind, body, registry_key, registry_value FROM api_outbox ORDER BY id LIMIT %(most)s;

-- name: done
DELETE FROM api_outbox WHERE id = ANY(%(ids)s);

-- name: registered
-- Devices whose change still waits in the outbox are left to the relay: the engine knows a device before the gateway does.
SELECT d.site, d.device, s.partition, d.kind, d.format, d.external_id, d.bridge, d.base_topic, d.zone, d.building,
       d.key_point, d.direction, d.secret_sha256, d.enabled, d.uplink,
       EXISTS (SELECT FROM api_outbox AS o WHERE o.registry_key = d.site || '.' || d.device) AS waits
FROM devices AS d JOIN sites AS s USING (site);

-- name: try_lock
SELECT pg_try_advisory_lock(%(key)s) AS held;

-- name: see_all_sites
SELECT set_config('herun.site', '*', false);
