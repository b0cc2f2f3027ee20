-- name: one_at_a_time
-- The site's dispatches come one after the other, so that each sees what the one before gave to whom. The row is the one
-- that the order's history takes next, after the order's own: always in this order.
SELECT site FROM feed_counters WHERE site = %(site)s FOR UPDATE;

-- name: ground
SELECT s.time_zone,
       (SELECT body FROM dispatch_settings AS d WHERE d.site = s.site) AS settings,
       b.version AS book_version, b.rules::text AS rules,
       ARRAY(SELECT c.body::text FROM calendar_decrees AS c WHERE c.site = s.site ORDER BY c.year) AS decrees,
       ARRAY(SELECT g.grid FROM grid_buildings AS g WHERE g.site = s.site AND g.building = %(building)s
             ORDER BY g.grid COLLATE "C") AS grids,
       h.lat, h.lon,
       EXISTS (SELECT FROM rosters AS r JOIN people AS p USING (site, username)
               WHERE r.site = s.site AND r.shifts IS NOT NULL AND p.enabled
                 AND p.roles && ARRAY['grid_worker', 'property_staff']) AS has_shifts
FROM sites AS s
LEFT JOIN LATERAL (
    SELECT version, rules FROM dispatch_books AS n WHERE n.site = s.site ORDER BY version DESC LIMIT 1) AS b ON true
LEFT JOIN buildings AS h ON h.site = s.site AND h.building = %(building)s
WHERE s.site = %(site)s;

-- name: workers
-- Everybody to whom an order can be dispatched, with what they have in hand, and their last turn under a rule.
SELECT p.username, p.roles, p.skills, r.unit, r.shifts::text AS shifts, r.on_call::text AS on_call, r.exceptions,
       w.lat, w.lon, coalesce(t.turn, 0) AS turn, o.dispatched, o.handling,
       ARRAY(SELECT g.grid FROM person_grids AS g WHERE g.site = p.site AND g.username = p.username) AS grids
FROM people AS p
LEFT JOIN rosters AS r ON r.site = p.site AND r.username = p.username
LEFT JOIN worker_positions AS w ON w.site = p.site AND w.username = p.username AND w.at > %(positions_after)s
LEFT JOIN dispatch_turns AS t ON t.site = p.site AND t.username = p.username AND t.rule = %(rule)s
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = 'dispatched') AS dispatched,
           count(*) FILTER (WHERE state = 'handling') AS handling
    FROM work_orders AS o
    WHERE o.site = p.site AND o.worker = p.username AND o.state IN ('dispatched', 'handling')) AS o
WHERE p.site = %(site)s AND p.enabled AND p.roles && ARRAY['grid_worker', 'property_staff']
ORDER BY p.username COLLATE "C"
LIMIT %(limit)s;

-- name: take_turn
INSERT INTO dispatch_turns (site, rule, username, turn)
SELECT %(site)s, %(rule)s, %(username)s, coalesce(max(turn), 0) + 1 FROM dispatch_turns
WHERE site = %(site)s AND rule = %(rule)s
ON CONFLICT (site, rule, username) DO UPDATE SET turn = excluded.turn;

-- name: forget_turns
DELETE FROM dispatch_turns WHERE site = %(site)s AND rule <> ALL(%(rules)s);

-- name: keep_choice
INSERT INTO order_choices (site, number, n, body) VALUES (%(site)s, %(number)s, %(n)s, %(body)s)
ON CONFLICT (site, number, n) DO UPDATE SET body = excluded.body;

-- name: last_choice
SELECT n, body FROM order_choices WHERE site = %(site)s AND number = %(number)s ORDER BY n DESC LIMIT 1;

-- name: last_move
-- How the order last came to its worker, or was offered.
SELECT n, action, actor, at, worker FROM order_history
WHERE site = %(site)s AND number = %(number)s
  AND action IN ('dispatch', 'claim', 'transfer', 'arbitrate', 'refuse-return', 'offered')
ORDER BY n DESC
LIMIT 1;

-- name: offer
INSERT INTO order_offers (site, number, workers, until) VALUES (%(site)s, %(number)s, %(workers)s, %(until)s)
ON CONFLICT (site, number) DO UPDATE SET workers = excluded.workers, until = excluded.until;

-- name: end_offer
-- Somebody has it, or a person has to decide; those it was offered to still hear that it was.
UPDATE order_offers SET until = NULL WHERE site = %(site)s AND number = %(number)s;

-- name: drop_offer
DELETE FROM order_offers WHERE site = %(site)s AND number = %(number)s;

-- name: offered_to
SELECT f.number, f.until FROM order_offers AS f JOIN work_orders AS o USING (site, number)
WHERE f.site = %(site)s AND f.until IS NOT NULL AND %(me)s = ANY(f.workers) AND o.state = 'accepted'
  AND NOT o.confidential
ORDER BY f.until, f.number
LIMIT %(limit)s;

-- name: unclaimed
-- In time, or as it was made confidential and nobody may take it any more.
SELECT f.number FROM order_offers AS f JOIN work_orders AS o USING (site, number)
WHERE f.site = %(site)s AND f.until IS NOT NULL AND (f.until <= %(at)s OR o.confidential) AND o.state = 'accepted'
ORDER BY f.until, f.number
LIMIT %(limit)s;

-- name: sites_with_unclaimed
SELECT DISTINCT f.site FROM order_offers AS f JOIN work_orders AS o USING (site, number)
WHERE f.until IS NOT NULL AND (f.until <= %(at)s OR o.confidential) AND o.state = 'accepted'
ORDER BY f.site
LIMIT %(limit)s;

-- name: newest_book
SELECT version, rules::text AS rules, changed_by, changed_at, why FROM dispatch_books
WHERE site = %(site)s
ORDER BY version DESC
LIMIT 1;

-- name: book
SELECT version, rules::text AS rules, changed_by, changed_at, why FROM dispatch_books
WHERE site = %(site)s AND version = %(version)s;

-- name: books
SELECT version, jsonb_array_length(rules) AS rules, changed_by, changed_at, why FROM dispatch_books
WHERE site = %(site)s AND (%(before)s::integer IS NULL OR version < %(before)s)
ORDER BY version DESC
LIMIT %(limit)s;

-- name: add_book
INSERT INTO dispatch_books (site, version, rules, changed_by, changed_at, why)
VALUES (%(site)s, %(version)s, %(rules)s, %(actor)s, %(at)s, %(why)s);

-- name: known_names
-- Which of these workers, units and skills somebody at the site is, belongs to or has.
SELECT ARRAY(SELECT p.username FROM people AS p
             WHERE p.site = %(site)s AND p.username = ANY(%(workers)s) AND p.enabled
               AND p.roles && ARRAY['grid_worker', 'property_staff']) AS worker,
       ARRAY(SELECT DISTINCT r.unit FROM rosters AS r JOIN people AS p USING (site, username)
             WHERE r.site = %(site)s AND r.unit = ANY(%(units)s) AND p.enabled
               AND p.roles && ARRAY['grid_worker', 'property_staff']) AS unit,
       ARRAY(SELECT DISTINCT s.skill FROM people AS p, unnest(p.skills) AS s (skill)
             WHERE p.site = %(site)s AND s.skill = ANY(%(skills)s)) AS skill;

-- name: settings
SELECT body, changed_by, changed_at FROM dispatch_settings WHERE site = %(site)s;

-- name: put_settings
INSERT INTO dispatch_settings (site, body, changed_by, changed_at) VALUES (%(site)s, %(body)s, %(actor)s, %(at)s)
ON CONFLICT (site) DO UPDATE
SET body = excluded.body, changed_by = excluded.changed_by, changed_at = excluded.changed_at;

-- name: put_roster
INSERT INTO rosters (site, username, unit, shifts, on_call, exceptions, changed_by, changed_at)
VALUES (%(site)s, %(username)s, %(unit)s, %(shifts)s, %(on_call)s, %(exceptions)s, %(actor)s, %(at)s)
ON CONFLICT (site, username) DO UPDATE
SET unit = excluded.unit, shifts = excluded.shifts, on_call = excluded.on_call, exceptions = excluded.exceptions,
    changed_by = excluded.changed_by, changed_at = excluded.changed_at;

-- name: remove_roster
DELETE FROM rosters WHERE site = %(site)s AND username = %(username)s;

-- name: rosters
SELECT username AS worker, unit, shifts, on_call, exceptions, changed_by, changed_at FROM rosters
WHERE site = %(site)s AND (%(worker)s::text IS NULL OR username = %(worker)s)
  AND (%(after)s::text IS NULL OR username COLLATE "C" > %(after)s)
ORDER BY username COLLATE "C"
LIMIT %(limit)s;

-- name: put_position
INSERT INTO worker_positions (site, username, lat, lon, at) VALUES (%(site)s, %(actor)s, %(lat)s, %(lon)s, %(at)s)
ON CONFLICT (site, username) DO UPDATE SET lat = excluded.lat, lon = excluded.lon, at = excluded.at;

-- name: own_position
SELECT lat, lon, at FROM worker_positions WHERE site = %(site)s AND username = %(actor)s AND at > %(after)s;

-- name: remove_position
DELETE FROM worker_positions WHERE site = %(site)s AND username = %(actor)s;

-- name: forget_positions
DELETE FROM worker_positions WHERE ctid IN (
    SELECT ctid FROM worker_positions WHERE at <= %(before)s LIMIT %(limit)s);

-- name: add_helper
INSERT INTO order_helpers (site, number, helper, added_by, added_at)
VALUES (%(site)s, %(number)s, %(helper)s, %(actor)s, %(at)s)
ON CONFLICT DO NOTHING;

-- name: notes
-- Those of people: what others note with an order has a detail, or is the system's.
SELECT count(*) AS notes FROM order_history
WHERE site = %(site)s AND number = %(number)s AND action = 'noted' AND detail IS NULL AND actor <> 'system';

-- name: drop_helpers
DELETE FROM order_helpers WHERE site = %(site)s AND number = %(number)s AND helper = ANY(%(helpers)s);

-- name: supersede
-- An order that was decided on anew speaks for nothing else any more; what no other speaks for is over.
UPDATE dispatch_proposals
SET numbers = CASE WHEN numbers = ARRAY[%(number)s] THEN numbers ELSE array_remove(numbers, %(number)s) END,
    state = CASE WHEN numbers = ARRAY[%(number)s] THEN 'superseded' ELSE state END,
    decided_by = CASE WHEN numbers = ARRAY[%(number)s] THEN %(actor)s END,
    decided_at = CASE WHEN numbers = ARRAY[%(number)s] THEN %(at)s END
WHERE site = %(site)s AND state = 'pending' AND %(number)s = ANY(numbers)
  AND (category, coalesce(building, ''), worker) <> (%(category)s, coalesce(%(building)s, ''), %(worker)s);

-- name: propose
-- What was decided so before is the same proposal, with one order more to speak for it.
INSERT INTO dispatch_proposals (site, category, building, grid, worker, unit, numbers, reason, state, made_at)
VALUES (%(site)s, %(category)s, %(building)s,
        coalesce(%(grid)s, (SELECT min(g.grid) FROM grid_buildings AS g
                            WHERE g.site = %(site)s AND g.building = %(building)s)),
        %(worker)s, (SELECT r.unit FROM rosters AS r WHERE r.site = %(site)s AND r.username = %(worker)s),
        ARRAY[%(number)s], %(reason)s, 'pending', %(at)s)
ON CONFLICT (site, category, coalesce(building, ''), worker) WHERE state = 'pending' DO UPDATE
SET numbers = (array_remove(dispatch_proposals.numbers, %(number)s) || excluded.numbers)[1:%(most)s],
    reason = excluded.reason;

-- name: proposals
-- What comes of an order that was made confidential later is for few.
SELECT id, category, building, grid, worker, unit, numbers, reason, state, made_at, decided_by, decided_at
FROM dispatch_proposals AS p
WHERE site = %(site)s AND (%(states)s::text[] IS NULL OR state = ANY(%(states)s))
  AND (%(is_confidant)s OR NOT EXISTS (SELECT FROM work_orders AS o WHERE o.site = p.site AND o.confidential
                                       AND o.number = ANY(p.numbers)))
  AND (%(before)s::bigint IS NULL OR id < %(before)s)
ORDER BY id DESC
LIMIT %(limit)s;

-- name: proposal
SELECT id, category, building, grid, worker, unit, numbers, reason, state, made_at, decided_by, decided_at
FROM dispatch_proposals AS p
WHERE site = %(site)s AND id = %(id)s
  AND (%(is_confidant)s OR NOT EXISTS (SELECT FROM work_orders AS o WHERE o.site = p.site AND o.confidential
                                       AND o.number = ANY(p.numbers)))
FOR UPDATE OF p;

-- name: decide_proposal
UPDATE dispatch_proposals SET state = %(state)s, decided_by = %(actor)s, decided_at = %(at)s
WHERE site = %(site)s AND id = %(id)s;
