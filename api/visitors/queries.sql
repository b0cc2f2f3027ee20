-- name: put
INSERT INTO visitors
    (site, visitor, plate_fold, masked_plate, whom, valid_from, valid_until, changed_by, changed_at)
VALUES
    (%(site)s, %(visitor)s, %(plate_fold)s, %(masked_plate)s, %(whom)s, %(valid_from)s, %(valid_until)s, %(actor)s,
     %(at)s)
ON CONFLICT (site, visitor) DO UPDATE
SET plate_fold = excluded.plate_fold, masked_plate = excluded.masked_plate, whom = excluded.whom,
    valid_from = excluded.valid_from, valid_until = excluded.valid_until, changed_by = excluded.changed_by,
    changed_at = excluded.changed_at;

-- name: lock
-- One change of the register at a time, so that its limit holds.
SELECT site FROM sites WHERE site = %(site)s FOR NO KEY UPDATE;

-- name: fold
SELECT plate_fold FROM visitors WHERE site = %(site)s AND visitor = %(visitor)s;

-- name: remembered
SELECT count(*) AS visits FROM visitors WHERE site = %(site)s AND valid_until > %(after)s;

-- name: one
SELECT visitor, masked_plate AS plate, whom, valid_from, valid_until, changed_by, changed_at FROM visitors
WHERE site = %(site)s AND visitor = %(visitor)s;

-- name: page
SELECT visitor, masked_plate AS plate, whom, valid_from, valid_until, changed_by, changed_at FROM visitors
WHERE site = %(site)s AND (%(after)s::text IS NULL OR visitor COLLATE "C" > %(after)s)
  AND (%(valid_at)s::timestamptz IS NULL OR %(valid_at)s BETWEEN valid_from AND valid_until)
ORDER BY visitor COLLATE "C"
LIMIT %(limit)s;

-- name: remove
DELETE FROM visitors WHERE site = %(site)s AND visitor = %(visitor)s;

-- name: forget
DELETE FROM visitors WHERE ctid IN (SELECT ctid FROM visitors WHERE valid_until < %(before)s LIMIT %(limit)s);
