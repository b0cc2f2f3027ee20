-- name: add_version
INSERT INTO rule_versions (site, uid, version, body, changed_by, changed_at, why)
VALUES (%(site)s, %(uid)s, %(version)s, %(body)s, %(actor)s, %(at)s, %(why)s);

-- name: put_in_force
INSERT INTO rules_in_force (site, uid, version) VALUES (%(site)s, %(uid)s, %(version)s)
ON CONFLICT (site, uid) DO UPDATE SET version = excluded.version;

-- name: take_out_of_force
DELETE FROM rules_in_force WHERE site = %(site)s AND uid = %(uid)s;

-- name: count
SELECT count(*) AS rules FROM rules_in_force WHERE site = %(site)s;

-- name: newest
SELECT asked.uid, coalesce(v.version, 0) AS version, coalesce(v.removed, true) AS removed
FROM unnest(%(uids)s::text[]) AS asked (uid)
LEFT JOIN LATERAL (
    SELECT version, body IS NULL AS removed FROM rule_versions
    WHERE site = %(site)s AND uid = asked.uid
    ORDER BY version DESC
    LIMIT 1
) AS v ON true;

-- name: one_at_a_time
-- Who changes a site's rules, one or many, waits for who does so already: no lock a rule, and none taken crosswise.
SELECT pg_advisory_xact_lock(hashtextextended(%(site)s || '/', 0));

-- name: page
-- Rules in force by uid, which is kept in the order of its bytes: the history's index has the database's order. One
-- that threw too often is switched off from its alert on until the engine gets it again.
WITH off AS MATERIALIZED (
    SELECT a.key, max(a.raised_at) AS since
    FROM alerts AS a
    WHERE a.site = %(site)s AND a.rule_uid = %(switched_off_uid)s
      AND NOT EXISTS (
          SELECT 1 FROM control_frames AS c
          WHERE c.site = a.site AND c.position >= a.first_position AND c.kind = 'rule.put' AND c.body ->> 'uid' = a.key)
    GROUP BY a.key
)
SELECT v.uid, v.version, v.body, v.changed_by, v.changed_at, v.why, off.since AS switched_off
FROM rules_in_force AS r
JOIN rule_versions AS v ON v.site = r.site AND v.uid = r.uid COLLATE "default" AND v.version = r.version
LEFT JOIN off ON off.key = r.uid COLLATE "default"
WHERE r.site = %(site)s
  AND (%(uid)s::text IS NULL OR r.uid = %(uid)s)
  AND (%(after)s::text IS NULL OR r.uid > %(after)s)
  AND (%(kind)s::text IS NULL OR v.body ->> 'kind' = %(kind)s)
  AND (%(mode)s::text IS NULL OR coalesce(v.body ->> 'mode', 'live') = %(mode)s)
  AND (%(category)s::text IS NULL OR v.body ->> 'category' = %(category)s)
  AND (%(event_type)s::text IS NULL OR v.body -> 'match' -> 'event_types' ? %(event_type)s)
ORDER BY r.uid
LIMIT %(limit)s;

-- name: version
SELECT version, body, changed_by, changed_at, why FROM rule_versions
WHERE site = %(site)s AND uid = %(uid)s AND version = %(version)s;

-- name: history
SELECT version, body, changed_by, changed_at, why FROM rule_versions
WHERE site = %(site)s AND uid = %(uid)s
ORDER BY version DESC
LIMIT %(limit)s;

-- name: unknown
-- Of what rules name, what the site does not have.
SELECT 'device' AS what, asked.name FROM unnest(%(devices)s::text[]) AS asked (name)
WHERE NOT EXISTS (SELECT 1 FROM devices AS d WHERE d.site = %(site)s AND d.device = asked.name)
UNION ALL
SELECT 'device kind', asked.name FROM unnest(%(device_kinds)s::text[]) AS asked (name)
WHERE NOT EXISTS (SELECT 1 FROM devices AS d WHERE d.site = %(site)s AND d.kind = asked.name)
UNION ALL
SELECT 'zone', asked.name FROM unnest(%(zones)s::text[]) AS asked (name)
WHERE NOT EXISTS (SELECT 1 FROM zones AS z WHERE z.site = %(site)s AND z.zone = asked.name)
UNION ALL
SELECT 'building', asked.name FROM unnest(%(buildings)s::text[]) AS asked (name)
WHERE NOT EXISTS (SELECT 1 FROM buildings AS b WHERE b.site = %(site)s AND b.building = asked.name)
UNION ALL
SELECT 'plate list', asked.name FROM unnest(%(plate_lists)s::text[]) AS asked (name)
WHERE NOT EXISTS (SELECT 1 FROM plate_lists AS p WHERE p.site = %(site)s AND p.name = asked.name);
