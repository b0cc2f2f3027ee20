-- name: put
INSERT INTO plate_lists (site, name, plate_hashes, masked_plates, changed_by, changed_at)
VALUES (%(site)s, %(name)s, %(plate_hashes)s, %(masked_plates)s, %(actor)s, %(at)s)
ON CONFLICT (site, name) DO UPDATE
SET plate_hashes = excluded.plate_hashes, masked_plates = excluded.masked_plates, changed_by = excluded.changed_by,
    changed_at = excluded.changed_at;

-- name: lists
SELECT name, cardinality(plate_hashes) AS count, changed_by, changed_at FROM plate_lists
WHERE site = %(site)s
ORDER BY name COLLATE "C"
LIMIT %(limit)s;

-- name: one
SELECT name, cardinality(plate_hashes) AS count, changed_by, changed_at, masked_plates AS plates FROM plate_lists
WHERE site = %(site)s AND name = %(name)s;
