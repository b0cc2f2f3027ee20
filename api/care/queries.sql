-- name: lock
-- One change of the register at a time, so that its limit holds.
SELECT site FROM sites WHERE site = %(site)s FOR NO KEY UPDATE;

-- name: put
INSERT INTO care_agreements
    (site, resident, name, hours, devices, face_hashes, consent_by, consent_at, changed_by, changed_at)
VALUES
    (%(site)s, %(resident)s, %(name)s, %(hours)s, %(devices)s, %(face_hashes)s, %(consent_by)s, %(consent_at)s, %(actor)s,
     %(at)s)
ON CONFLICT (site, resident) DO UPDATE
SET name = excluded.name, hours = excluded.hours, devices = excluded.devices, face_hashes = excluded.face_hashes,
    consent_by = excluded.consent_by, consent_at = excluded.consent_at, changed_by = excluded.changed_by,
    changed_at = excluded.changed_at;

-- name: everything
SELECT resident, name, hours, devices, cardinality(face_hashes) AS faces, consent_by, consent_at, changed_by, changed_at
FROM care_agreements
WHERE site = %(site)s
ORDER BY resident COLLATE "C"
LIMIT %(limit)s;

-- name: one
SELECT resident, name, hours, devices, cardinality(face_hashes) AS faces, consent_by, consent_at, changed_by, changed_at
FROM care_agreements
WHERE site = %(site)s AND resident = %(resident)s;

-- name: unknown_devices
SELECT wanted.name FROM unnest(%(devices)s::text[]) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM devices AS d WHERE d.site = %(site)s AND d.device = wanted.name);

-- name: remove
DELETE FROM care_agreements WHERE site = %(site)s AND resident = %(resident)s;
