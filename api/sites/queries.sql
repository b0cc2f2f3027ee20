-- name: one_at_a_time
-- Two sites that are made at once would both go to the partition that looks least loaded.
SELECT pg_advisory_xact_lock(%(key)s);

-- name: sites_by_partition
SELECT partition, count(*) AS sites FROM sites GROUP BY partition;

-- name: add_site
INSERT INTO sites (site, name, partition, time_zone, created_at)
VALUES (%(new_site)s, %(name)s, %(partition)s, %(time_zone)s, %(at)s)
ON CONFLICT DO NOTHING
RETURNING site, name, partition, time_zone, created_at;

-- name: add_counter
INSERT INTO feed_counters (site) VALUES (%(new_site)s);

-- name: sites
SELECT site, name, partition, time_zone, created_at FROM sites ORDER BY site COLLATE "C" LIMIT %(limit)s;

-- name: site
SELECT site, name, partition, time_zone, created_at FROM sites WHERE site = %(site)s;

-- name: next_feed_seq
UPDATE feed_counters SET feed_seq = feed_seq + %(count)s WHERE site = %(site)s
RETURNING feed_seq, history_hash;

-- name: put_building
INSERT INTO buildings (site, building, name, lat, lon)
VALUES (%(site)s, %(building)s, %(name)s, %(lat)s, %(lon)s)
ON CONFLICT (site, building) DO UPDATE SET name = excluded.name, lat = excluded.lat, lon = excluded.lon;

-- name: put_zone
INSERT INTO zones (site, zone, name, building) VALUES (%(site)s, %(zone)s, %(name)s, %(building)s)
ON CONFLICT (site, zone) DO UPDATE SET name = excluded.name, building = excluded.building;

-- name: put_grid
INSERT INTO grids (site, grid, name) VALUES (%(site)s, %(grid)s, %(name)s)
ON CONFLICT (site, grid) DO UPDATE SET name = excluded.name;

-- name: put_grid_building
INSERT INTO grid_buildings (site, grid, building) VALUES (%(site)s, %(grid)s, %(building)s);

-- name: empty_grids
DELETE FROM grid_buildings WHERE site = %(site)s;

-- name: still_used
-- What is left out of a layout and by what it is used: all that points at buildings, zones and grids from outside of it.
SELECT kind, name, used_by FROM (
    SELECT 'building' AS kind, building AS name, 'device ' || device AS used_by FROM devices
    WHERE site = %(site)s AND building IS NOT NULL AND building <> ALL(%(buildings)s)
    UNION ALL
    SELECT 'building', building, 'person ' || username FROM people
    WHERE site = %(site)s AND building IS NOT NULL AND building <> ALL(%(buildings)s)
    UNION ALL
    SELECT 'zone', zone, 'device ' || device FROM devices
    WHERE site = %(site)s AND zone IS NOT NULL AND zone <> ALL(%(zones)s)
    UNION ALL
    SELECT 'zone', zone, 'its arming' FROM arming_zones
    WHERE site = %(site)s AND zone <> ALL(%(zones)s)
    UNION ALL
    SELECT 'grid', grid, 'person ' || username FROM person_grids
    WHERE site = %(site)s AND grid <> ALL(%(grids)s)
) AS used
ORDER BY kind, name COLLATE "C", used_by COLLATE "C"
LIMIT %(limit)s;

-- name: drop_other_grids
DELETE FROM grids WHERE site = %(site)s AND grid <> ALL(%(kept)s);

-- name: drop_other_zones
DELETE FROM zones WHERE site = %(site)s AND zone <> ALL(%(kept)s);

-- name: drop_other_buildings
DELETE FROM buildings WHERE site = %(site)s AND building <> ALL(%(kept)s);

-- name: buildings
SELECT building, name, lat, lon FROM buildings WHERE site = %(site)s ORDER BY building COLLATE "C";

-- name: building_names
SELECT building, name FROM buildings WHERE site = %(site)s AND building = ANY(%(buildings)s);

-- name: building_of_zone
SELECT building FROM zones WHERE site = %(site)s AND zone = %(zone)s;

-- name: zones
SELECT zone, name, building FROM zones WHERE site = %(site)s ORDER BY zone COLLATE "C";

-- name: grids
SELECT g.grid, g.name,
       coalesce(array_agg(b.building ORDER BY b.building COLLATE "C") FILTER (WHERE b.building IS NOT NULL), '{}')
           AS buildings
FROM grids AS g LEFT JOIN grid_buildings AS b USING (site, grid)
WHERE g.site = %(site)s
GROUP BY g.grid, g.name
ORDER BY g.grid COLLATE "C";

-- name: unknown_places
-- Which of these buildings, zones and grids the site does not have.
SELECT 'building' AS kind, wanted.name FROM unnest(%(buildings)s::text[]) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM buildings AS b WHERE b.site = %(site)s AND b.building = wanted.name)
UNION
SELECT 'zone', wanted.name FROM unnest(%(zones)s::text[]) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM zones AS z WHERE z.site = %(site)s AND z.zone = wanted.name)
UNION
SELECT 'grid', wanted.name FROM unnest(%(grids)s::text[]) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM grids AS g WHERE g.site = %(site)s AND g.grid = wanted.name);
