-- name: jurisdictions
-- Run with sight of all sites.
SELECT p.site, p.reading, p.shows_media, s.time_zone FROM open311_sites AS p JOIN sites AS s USING (site)
WHERE p.enabled AND (%(asked)s::text IS NULL OR p.site = %(asked)s)
ORDER BY p.site
LIMIT 2;

-- name: changed
-- Run with sight of all sites: when what is offered anywhere was last changed.
SELECT max(at) AS at FROM (
    SELECT changed_at AS at FROM open311_sites UNION ALL SELECT changed_at FROM open311_services
    UNION ALL SELECT changed_at FROM category_trees
) AS changes;

-- name: put_site
INSERT INTO open311_sites (site, enabled, reading, shows_media, changed_by, changed_at)
VALUES (%(site)s, %(enabled)s, %(reading)s, %(shows_media)s, %(actor)s, %(at)s)
ON CONFLICT (site) DO UPDATE
SET enabled = excluded.enabled, reading = excluded.reading, shows_media = excluded.shows_media,
    changed_by = excluded.changed_by, changed_at = excluded.changed_at;

-- name: site
SELECT enabled, reading, shows_media, changed_by, changed_at FROM open311_sites WHERE site = %(site)s;

-- name: add_key
INSERT INTO open311_keys (site, key_id, name, key_hash, rights, hourly, created_by, created_at)
VALUES (%(site)s, %(key_id)s, %(name)s, %(key_hash)s, %(rights)s, %(hourly)s, %(actor)s, %(at)s)
RETURNING key_id, name, rights, hourly, created_by, created_at, revoked_by, revoked_at;

-- name: keys
SELECT key_id, name, rights, hourly, created_by, created_at, revoked_by, revoked_at FROM open311_keys
WHERE site = %(site)s
ORDER BY created_at, key_id
LIMIT %(limit)s;

-- name: key_of
SELECT key_id, name, rights, hourly, created_by, created_at, revoked_by, revoked_at FROM open311_keys
WHERE site = %(site)s AND key_hash = %(key_hash)s AND revoked_at IS NULL;

-- name: revoke
UPDATE open311_keys SET revoked_by = coalesce(revoked_by, %(actor)s), revoked_at = coalesce(revoked_at, %(at)s)
WHERE site = %(site)s AND key_id = %(key_id)s
RETURNING key_id, name, rights, hourly, created_by, created_at, revoked_by, revoked_at;

-- name: put_service
INSERT INTO open311_services (site, service_code, settings, changed_by, changed_at)
VALUES (%(site)s, %(service_code)s, %(settings)s, %(actor)s, %(at)s)
ON CONFLICT (site, service_code) DO UPDATE
SET settings = excluded.settings, changed_by = excluded.changed_by, changed_at = excluded.changed_at;

-- name: remove_service
DELETE FROM open311_services WHERE site = %(site)s AND service_code = %(service_code)s;

-- name: service_settings
SELECT service_code, settings FROM open311_services WHERE site = %(site)s ORDER BY service_code;

-- name: claim
-- Waits for another transaction with the same fingerprint; one past its window may be overwritten, and one whose order
-- has got its answer or was taken back.
INSERT INTO open311_repeats (site, fingerprint, token, received_wall)
VALUES (%(site)s, %(fingerprint)s, %(token)s, %(wall)s)
ON CONFLICT (site, fingerprint) DO UPDATE SET token = excluded.token, received_wall = excluded.received_wall
WHERE open311_repeats.received_wall < %(oldest)s OR EXISTS (
    SELECT FROM open311_requests AS r JOIN work_orders AS o ON o.site = r.site AND o.number = r.number
    LEFT JOIN work_orders AS m ON m.site = o.site AND m.number = o.merged_into
    WHERE r.site = open311_repeats.site AND r.token = open311_repeats.token
      AND CASE WHEN m.number IS NULL THEN o.state ELSE m.state END = ANY(%(closed_states)s))
RETURNING token;

-- name: claimed
SELECT token FROM open311_repeats WHERE site = %(site)s AND fingerprint = %(fingerprint)s;

-- name: forget_repeats
DELETE FROM open311_repeats WHERE ctid IN (
    SELECT ctid FROM open311_repeats WHERE received_wall < %(oldest)s LIMIT %(most)s FOR UPDATE SKIP LOCKED
);

-- name: forget_contacts
DELETE FROM open311_contacts WHERE ctid IN (
    SELECT ctid FROM open311_contacts WHERE received_at < %(oldest)s LIMIT %(most)s
);

-- name: forget_pictures
DELETE FROM open311_media WHERE ctid IN (
    SELECT ctid FROM open311_media WHERE received_at < %(oldest)s LIMIT %(most)s
);

-- name: add_request
INSERT INTO open311_requests (site, token, key_id, service_code, description, lat, lon, address_string, address_id,
                              zipcode, media_url, attributes, account_hash, device_hash, received_at)
VALUES (%(site)s, %(token)s, %(key_id)s, %(service_code)s, %(description)s, %(lat)s, %(lon)s, %(address_string)s,
        %(address_id)s, %(zipcode)s, %(media_url)s, %(attributes)s, %(account_hash)s, %(device_hash)s, %(at)s);

-- name: add_contact
INSERT INTO open311_contacts (site, token, phone, email, first_name, last_name, received_at)
VALUES (%(site)s, %(token)s, %(phone)s, %(email)s, %(first_name)s, %(last_name)s, %(at)s);

-- name: put_media_url
UPDATE open311_requests SET media_url = %(media_url)s WHERE site = %(site)s AND token = %(token)s;

-- name: add_picture
-- Once, however often it is sent.
INSERT INTO open311_media (site, media_id, token, update_id, picture, received_at)
SELECT %(site)s, %(media_id)s, %(token)s, %(update_id)s, %(picture)s, %(at)s
WHERE NOT EXISTS (SELECT 1 FROM open311_media AS p
                  WHERE p.site = %(site)s AND p.token = %(token)s AND p.update_id IS NOT DISTINCT FROM %(update_id)s::text
                    AND p.picture = %(picture)s);

-- name: count_pictures
SELECT count(*) AS pictures FROM open311_media
WHERE site = %(site)s AND token = %(token)s AND update_id IS NOT DISTINCT FROM %(update_id)s::text;

-- name: waiting
-- Run with sight of all sites.
SELECT site, token FROM open311_requests
WHERE number IS NULL AND (not_before IS NULL OR not_before <= %(wall)s)
ORDER BY not_before NULLS FIRST, received_at, token
LIMIT %(most)s;

-- name: put_off
UPDATE open311_requests
SET failures = failures + 1,
    not_before = %(wall)s::timestamptz + least(%(first)s::interval * power(2, least(failures, 30)), %(longest)s::interval)
WHERE site = %(site)s AND token = %(token)s AND number IS NULL;

-- name: to_open
-- Locked, so that no two open an order for it.
SELECT r.token, r.key_id, r.service_code, r.description, r.lat, r.lon, r.address_string, r.address_id, r.attributes,
       c.phone
FROM open311_requests AS r
LEFT JOIN open311_contacts AS c ON c.site = r.site AND c.token = r.token
WHERE r.site = %(site)s AND r.token = %(token)s AND r.number IS NULL
FOR UPDATE OF r SKIP LOCKED;

-- name: opened
UPDATE open311_requests SET number = %(number)s WHERE site = %(site)s AND token = %(token)s;

-- name: by_token
SELECT token, number, service_code FROM open311_requests WHERE site = %(site)s AND token = %(token)s;

-- name: requests
-- Which order one was merged into is told only if that is published too. What did not come by Open311 was not sent to be
-- published: of its place no more is told than its building, or what was written if it is of none, and about where it is.
SELECT o.number, o.origin, o.state, o.answer, o.master, o.category, o.text, o.unit, o.opened_at, o.updated_at,
       o.closed_at, coalesce(r.address_id, o.building) AS address_id,
       CASE WHEN r.token IS NULL AND o.building IS NOT NULL THEN b.name ELSE coalesce(o.address, b.name) END AS address,
       CASE WHEN r.token IS NULL THEN round(o.lat::numeric, 3)::float8 ELSE o.lat END AS lat,
       CASE WHEN r.token IS NULL THEN round(o.lon::numeric, 3)::float8 ELSE o.lon END AS lon,
       r.token, r.description, r.zipcode, r.media_url, promise.due_at AS promised_at,
       (SELECT p.media_id FROM open311_media AS p WHERE p.site = r.site AND p.token = r.token AND p.update_id IS NULL
        ORDER BY p.received_at, p.media_id LIMIT 1) AS media_id,
       (SELECT m.number FROM open311_orders AS m WHERE m.site = o.site AND m.number = o.master
          AND (m.origin = 'report' AND m.category = ANY(%(codes)s)
               OR m.origin = 'alert' AND m.category = ANY(%(alert_codes)s))) AS told_master
FROM (
    SELECT q.*, CASE WHEN q.state = ANY(%(closed_states)s) THEN (
        SELECT h.at FROM order_history AS h
        WHERE h.site = %(site)s AND h.number = q.source AND h.to_state = ANY(%(closed_states)s)
          AND (h.from_state IS NULL OR h.from_state <> ALL(%(closed_states)s))
        ORDER BY h.n DESC LIMIT 1) END AS closed_at
    FROM open311_orders AS q
    WHERE q.site = %(site)s
) AS o
LEFT JOIN open311_requests AS r ON r.site = o.site AND r.number = o.number
LEFT JOIN buildings AS b ON b.site = o.site AND b.building = o.building
LEFT JOIN LATERAL (
    SELECT p.due_at FROM order_promises AS p WHERE p.site = o.site AND p.number = o.number ORDER BY p.round DESC LIMIT 1
) AS promise ON true
WHERE (o.origin = 'report' AND o.category = ANY(%(codes)s) OR o.origin = 'alert' AND o.category = ANY(%(alert_codes)s))
  AND (%(ids)s::text[] IS NULL OR o.number = ANY(%(ids)s))
  AND (%(wanted)s::text[] IS NULL OR o.category = ANY(%(wanted)s))
  AND (%(start)s::timestamptz IS NULL OR o.opened_at >= %(start)s)
  AND (%(end)s::timestamptz IS NULL OR o.opened_at <= %(end)s)
  AND (%(closed)s::boolean IS NULL OR (o.state = ANY(%(closed_states)s)) = %(closed)s)
  AND (%(updated_after)s::timestamptz IS NULL OR o.updated_at >= %(updated_after)s)
  AND (%(updated_after)s::timestamptz IS NULL OR coalesce(o.closed_at, o.updated_at) >= %(updated_after)s)
  AND (%(updated_before)s::timestamptz IS NULL OR coalesce(o.closed_at, o.updated_at) <= %(updated_before)s)
ORDER BY o.opened_at DESC, o.opened_seq DESC
LIMIT %(limit)s OFFSET %(offset)s;

-- name: updates
-- What happened to published requests, and what clients said of them. A request that is merged into another one tells
-- what happens to that as long as it is (of a confidential one, when it got an answer, or has none any more); by merging
-- it comes to stand as that stood. What a client said has the state of its time.
SELECT update_id, number, state, stands, words, media_url, media_id, at FROM (
    SELECT o.number || '-' || h.n AS update_id, o.number, h.to_state AS state,
           CASE WHEN h.to_state = 'merged' THEN coalesce((
               SELECT m.to_state FROM order_history AS m
               WHERE m.site = o.site AND m.number = h.detail ->> 'master' AND m.feed_seq < h.feed_seq
               ORDER BY m.n DESC LIMIT 1), 'merged') ELSE h.to_state END AS stands, h.at,
           CASE WHEN h.action = 'answer' THEN h.reason END AS words, NULL::text AS media_url, NULL::text AS media_id,
           o.origin, o.category, h.feed_seq AS seq
    FROM open311_orders AS o JOIN order_history AS h ON h.site = o.site AND h.number = o.number
    WHERE o.site = %(site)s AND h.from_state IS DISTINCT FROM h.to_state AND h.at >= %(start)s
      AND (%(end)s::timestamptz IS NULL OR h.at <= %(end)s)
    UNION ALL
    SELECT o.number || '-m' || theirs.feed_seq, o.number, theirs.state, theirs.state, theirs.at, theirs.words, NULL, NULL,
           o.origin, o.category, theirs.feed_seq AS seq
    FROM open311_orders AS o
    JOIN order_history AS joined ON joined.site = o.site AND joined.number = o.number AND joined.to_state = 'merged'
    CROSS JOIN LATERAL (
        SELECT h.feed_seq, h.at, open311_state(h.to_state, m.confidential) AS state,
               CASE WHEN h.action = 'answer' AND NOT m.confidential THEN h.reason END AS words
        FROM order_history AS h JOIN work_orders AS m ON m.site = h.site AND m.number = h.number
        WHERE h.site = joined.site AND h.number = joined.detail ->> 'master' AND h.feed_seq > joined.feed_seq
          AND h.to_state <> 'merged'
          AND open311_state(h.from_state, m.confidential) IS DISTINCT FROM open311_state(h.to_state, m.confidential)
          AND h.feed_seq < coalesce((
              SELECT min(own.feed_seq) FROM order_history AS own
              WHERE own.site = joined.site AND own.number = joined.number AND own.n > joined.n
                AND (own.to_state <> 'merged' OR own.detail ->> 'master' IS NOT NULL)), 9223372036854775807)
        OFFSET 0 -- stays a subquery: as a join its master would be found by no index under row security
    ) AS theirs
    WHERE o.site = %(site)s AND (o.updated_at >= %(start)s OR o.is_hidden) AND theirs.at >= %(start)s
      AND (%(end)s::timestamptz IS NULL OR theirs.at <= %(end)s)
    UNION ALL
    SELECT u.update_id, u.number, told.state, told.state, u.at, u.description, u.media_url,
           (SELECT p.media_id FROM open311_media AS p WHERE p.site = u.site AND p.update_id = u.update_id
            ORDER BY p.received_at, p.media_id LIMIT 1), o.origin, o.category,
           9223372036854775807 -- after what it moved
    FROM open311_orders AS o JOIN open311_updates AS u ON u.site = o.site AND u.number = o.number
    CROSS JOIN LATERAL (
        SELECT coalesce(
            (SELECT CASE WHEN own.to_state <> 'merged' THEN own.to_state ELSE (
                SELECT open311_state(h.to_state, m.confidential)
                FROM order_history AS h JOIN work_orders AS m ON m.site = h.site AND m.number = h.number
                WHERE h.site = u.site AND h.at <= u.at AND h.number = (
                    SELECT joined.detail ->> 'master' FROM order_history AS joined
                    WHERE joined.site = u.site AND joined.number = u.number AND joined.at <= u.at
                      AND joined.to_state = 'merged' AND joined.detail ->> 'master' IS NOT NULL
                    ORDER BY joined.n DESC LIMIT 1)
                ORDER BY h.n DESC LIMIT 1) END
             FROM order_history AS own
             WHERE own.site = u.site AND own.number = u.number AND own.at <= u.at
             ORDER BY own.n DESC LIMIT 1), o.state) AS state
        OFFSET 0 -- worked out once
    ) AS told
    WHERE o.site = %(site)s AND u.at >= %(start)s AND (%(end)s::timestamptz IS NULL OR u.at <= %(end)s)
) AS told
WHERE (origin = 'report' AND category = ANY(%(codes)s) OR origin = 'alert' AND category = ANY(%(alert_codes)s))
  AND (%(ids)s::text[] IS NULL OR number = ANY(%(ids)s))
ORDER BY at, seq, update_id
LIMIT %(limit)s OFFSET %(offset)s;

-- name: token_of
SELECT token FROM open311_requests WHERE site = %(site)s AND number = %(number)s AND key_id = %(key_id)s;

-- name: earlier_update
-- By the client's own id, without one by its content: but not of what moves the order, nor once the order has moved.
SELECT update_id FROM open311_updates AS u
WHERE site = %(site)s AND number = %(number)s AND key_id = %(key_id)s
  AND (client_update_id = %(client_update_id)s
       OR client_update_id IS NULL AND %(client_update_id)s::text IS NULL AND NOT %(moves)s::boolean
          AND description = %(description)s AND status IS NOT DISTINCT FROM %(status)s
          AND media_url IS NOT DISTINCT FROM %(media_url)s AND received_wall >= %(oldest)s
          AND NOT EXISTS (SELECT 1 FROM order_history AS h WHERE h.site = u.site AND h.number = u.number
                          AND h.from_state IS DISTINCT FROM h.to_state AND h.at > u.at))
LIMIT 1;

-- name: told
SELECT count(*) AS times FROM order_history
WHERE site = %(site)s AND number = %(number)s AND action = 'told' AND detail ? 'update';

-- name: add_update
INSERT INTO open311_updates (site, update_id, number, key_id, client_update_id, status, description, media_url, at,
                             received_wall)
VALUES (%(site)s, %(update_id)s, %(number)s, %(key_id)s, %(client_update_id)s, %(status)s, %(description)s,
        %(media_url)s, %(at)s, %(wall)s);

-- name: picture
SELECT p.picture, r.number FROM open311_media AS p
JOIN open311_requests AS r ON r.site = p.site AND r.token = p.token
WHERE p.site = %(site)s AND p.media_id = %(media_id)s;

-- name: is_published
SELECT number FROM open311_orders
WHERE site = %(site)s AND number = %(number)s
  AND (origin = 'report' AND category = ANY(%(codes)s) OR origin = 'alert' AND category = ANY(%(alert_codes)s));

-- name: sent_in
SELECT r.number, r.token, r.service_code, k.name AS client, r.description, r.lat, r.lon AS long, r.address_string,
       r.address_id, r.zipcode, r.media_url, r.attributes, r.received_at,
       ARRAY(SELECT p.media_id FROM open311_media AS p
             WHERE p.site = r.site AND p.token = r.token AND p.update_id IS NULL ORDER BY p.media_id) AS media
FROM open311_requests AS r JOIN open311_keys AS k ON k.site = r.site AND k.key_id = r.key_id
WHERE r.site = %(site)s AND r.number = %(number)s;

-- name: said_later
SELECT u.update_id, u.status, u.description, u.media_url, u.at,
       ARRAY(SELECT p.media_id FROM open311_media AS p
             WHERE p.site = u.site AND p.update_id = u.update_id ORDER BY p.media_id) AS media
FROM open311_updates AS u
WHERE u.site = %(site)s AND u.number = %(number)s
ORDER BY u.at, u.update_id
LIMIT %(limit)s;

-- name: contact
SELECT phone, email, first_name, last_name FROM open311_contacts WHERE site = %(site)s AND token = %(token)s;
