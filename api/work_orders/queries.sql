-- name: add
-- Nothing comes back if the number is taken, or the alert has an order.
INSERT INTO work_orders (site, number, origin, state, category, severity, title, text, building, zone, channel,
                         confidential, unit, grid, lat, lon, address, attributes, parent, alert_id, alert_version,
                         alert_rule_uid, alert_count, alert_cleared_at, reporter, contact_phone, opened_seq,
                         opened_at, updated_at, version, salt)
VALUES (%(site)s, %(number)s, %(origin)s, %(state)s, %(category)s, %(severity)s, %(title)s, %(text)s, %(building)s,
        %(zone)s, %(channel)s, %(confidential)s, %(unit)s, %(grid)s, %(lat)s, %(lon)s, %(address)s, %(attributes)s,
        %(parent)s, %(alert_id)s, %(alert_version)s, %(alert_rule_uid)s, %(alert_count)s, %(alert_cleared_at)s,
        %(reporter)s, %(contact_phone)s, %(opened_seq)s, %(opened_at)s, %(updated_at)s, %(version)s, %(salt)s)
ON CONFLICT DO NOTHING
RETURNING number;

-- name: save
UPDATE work_orders
SET state = %(state)s, category = %(category)s, attributes = %(attributes)s, severity = %(severity)s, unit = %(unit)s, grid = %(grid)s,
    confidential = %(confidential)s, merged_into = %(merged_into)s, state_before = %(state_before)s, hold_until = %(hold_until)s,
    returns = %(returns)s, transfers = %(transfers)s, reopens = %(reopens)s, arbitrated = %(arbitrated)s,
    worker = %(worker)s, resolution = %(resolution)s, answer = %(answer)s, accepted_at = %(accepted_at)s,
    dispatched_at = %(dispatched_at)s, handled_at = %(handled_at)s, arrived_at = %(arrived_at)s,
    resolved_at = %(resolved_at)s, answered_at = %(answered_at)s, closed_at = %(closed_at)s,
    alert_version = %(alert_version)s, alert_count = %(alert_count)s, alert_cleared_at = %(alert_cleared_at)s,
    updated_at = %(updated_at)s, version = %(version)s
WHERE site = %(site)s AND number = %(number)s;

-- name: touch
UPDATE work_orders SET version = %(version)s, updated_at = %(at)s WHERE site = %(site)s AND number = %(number)s;

-- name: add_rating
-- Nothing comes back if the order was rated in this round.
INSERT INTO order_ratings (site, number, round, rater, score, solved, comment, speed, attitude, result, at)
VALUES (%(site)s, %(number)s, %(round)s, %(rater)s, %(score)s, %(solved)s, %(comment)s, %(speed)s, %(attitude)s,
        %(result)s, %(at)s)
ON CONFLICT DO NOTHING
RETURNING number;

-- name: add_history
-- And the hash of the last one, to which the next one will be chained.
WITH newest AS (UPDATE feed_counters SET history_hash = %(newest)s WHERE site = %(site)s)
INSERT INTO order_history (site, number, n, action, from_state, to_state, actor, at, worker, reason, detail, feed_seq,
                           hash)
SELECT %(site)s, * FROM unnest(%(number)s::text[], %(n)s::integer[], %(action)s::text[], %(from_state)s::text[],
                               %(to_state)s::text[], %(actor)s::text[], %(at)s::timestamptz[], %(worker)s::text[],
                               %(reason)s::text[], %(detail)s::jsonb[], %(feed_seq)s::bigint[], %(hash)s::bytea[]);

-- name: lock
-- No key: rows of other tables refer to orders, and whoever adds one must not wait here for somebody who waits for them.
SELECT number FROM work_orders
WHERE site = %(site)s AND (number = %(number)s OR alert_id = %(alert_id)s)
FOR NO KEY UPDATE;

-- name: change_relations
SELECT pg_advisory_xact_lock(hashtext('order relations'), hashtext(%(site)s));

-- name: keep_relations
SELECT pg_advisory_xact_lock_shared(hashtext('order relations'), hashtext(%(site)s));

-- name: related
-- What has to be locked with an order: what it is merged into, what is merged into it, and its parts.
SELECT number FROM work_orders
WHERE site = %(site)s AND (merged_into = %(number)s OR parent = %(number)s)
UNION ALL
SELECT merged_into FROM work_orders WHERE site = %(site)s AND number = %(number)s AND merged_into IS NOT NULL
LIMIT %(limit)s;

-- name: came_with
-- What lies beside a merged order and was merged, itself or by way of others, into that; not what was into their master.
WITH RECURSIVE beside AS (
    SELECT w.number, own.master
    FROM work_orders AS me JOIN work_orders AS w ON w.site = me.site AND w.merged_into = me.merged_into
    CROSS JOIN LATERAL (
        SELECT h.detail ->> 'master' AS master FROM order_history AS h
        WHERE h.site = w.site AND h.number = w.number AND h.action = 'merge' ORDER BY h.n DESC LIMIT 1
    ) AS own
    WHERE me.site = %(site)s AND me.number = %(number)s AND w.number <> me.number
), came AS (
    SELECT number FROM beside WHERE master = %(number)s
    UNION SELECT b.number FROM beside AS b JOIN came AS c ON b.master = c.number
)
SELECT number FROM came;

-- name: lock_all
-- In the order of the numbers: whoever locks several never waits for somebody who waits for them.
SELECT number FROM work_orders
WHERE site = %(site)s AND number = ANY(%(numbers)s)
ORDER BY number
FOR NO KEY UPDATE;

-- name: lock_all_at_once
SELECT number FROM work_orders
WHERE site = %(site)s AND number = ANY(%(numbers)s)
ORDER BY number
FOR NO KEY UPDATE NOWAIT;

-- name: several
-- In the order of the numbers: what is done to several is done in the same order each time.
SELECT number, origin, state, category, severity, title, text, building, zone, channel, confidential, unit, grid,
       lat, lon, address, attributes, parent, merged_into, state_before, hold_until, returns, transfers, reopens,
       arbitrated, alert_id, alert_version, alert_rule_uid, alert_count, alert_cleared_at, reporter, contact_phone,
       worker, resolution, answer, accepted_at, dispatched_at, handled_at, arrived_at, resolved_at, answered_at,
       closed_at, score, solved, comment, speed, attitude, result, rated_by, master_state, master_answer,
       master_answered_at, master_confidential, crew_above, pool, helpers, asked_until, opened_seq, opened_at, updated_at,
       version
FROM work_orders_whole
WHERE site = %(site)s AND number = ANY(%(numbers)s)
ORDER BY number;

-- name: one
SELECT number, origin, state, category, severity, title, text, building, zone, channel, confidential, unit, grid,
       lat, lon, address, attributes, parent, merged_into, state_before, hold_until, returns, transfers, reopens,
       arbitrated, alert_id, alert_version, alert_rule_uid, alert_count, alert_cleared_at, reporter, contact_phone,
       worker, resolution, answer, accepted_at, dispatched_at, handled_at, arrived_at, resolved_at, answered_at,
       closed_at, score, solved, comment, speed, attitude, result, rated_by, master_state, master_answer,
       master_answered_at, master_confidential, crew_above, pool, helpers, asked_until, opened_seq, opened_at, updated_at,
       version
FROM work_orders_whole
WHERE site = %(site)s AND number = %(number)s;

-- name: page
-- By one ground: all of the site, those of a worker, those of a reporter, the alerts of a building, or those that
-- somebody helps with or may take (`tied`). What is confidential is for few. What is said inside (`sees_inside`) is for who
-- looks after the order, not for its reporter or neighbours, whatever else they are. Late is whose promise is broken, or whose
-- hand's limit is over: of all limits of one kind the last is that of whoever has it now.
SELECT number, origin, state, category, severity, title, text, building, zone, channel, confidential, unit, grid,
       lat, lon, address, attributes, parent, merged_into, state_before, hold_until, returns, transfers, reopens,
       arbitrated, alert_id, alert_version, alert_rule_uid, alert_count, alert_cleared_at, reporter, contact_phone,
       worker, resolution, answer, accepted_at, dispatched_at, handled_at, arrived_at, resolved_at, answered_at,
       closed_at, score, solved, comment, speed, attitude, result, rated_by, master_state, master_answer,
       master_answered_at, master_confidential, crew_above, pool, helpers, asked_until, opened_seq, opened_at, updated_at,
       version
FROM work_orders_whole
WHERE site = %(site)s
  AND (%(is_confidant)s OR NOT confidential OR (%(is_worker)s AND worker = %(me)s) OR reporter = %(me)s)
  AND (%(of_worker)s::text IS NULL OR worker = %(of_worker)s)
  AND (%(of_reporter)s::text IS NULL OR reporter = %(of_reporter)s)
  AND (%(of_building)s::text IS NULL OR (origin = 'alert' AND building = %(of_building)s AND NOT confidential))
  AND (%(tied)s::text[] IS NULL OR number = ANY(%(tied)s))
  AND (%(older_than)s::bigint IS NULL OR opened_seq < %(older_than)s)
  AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(is_open)s::boolean IS NULL
       OR (state NOT IN ('answered', 'rated', 'closed', 'merged', 'cancelled')) = %(is_open)s) -- as in the index
  AND (%(severity)s::text IS NULL OR severity = %(severity)s)
  AND (%(channel)s::text IS NULL OR channel = %(channel)s)
  AND (%(begin)s::timestamptz IS NULL OR opened_at >= %(begin)s)
  AND (%(end)s::timestamptz IS NULL OR opened_at < %(end)s)
  AND (%(worker)s::text IS NULL OR worker = %(worker)s)
  AND (%(origin)s::text IS NULL OR origin = %(origin)s)
  AND (%(master)s::text IS NULL OR merged_into = %(master)s)
  AND (%(parent)s::text IS NULL OR parent = %(parent)s)
  AND (%(category)s::text IS NULL OR category = %(category)s)
  AND (%(unit)s::text IS NULL OR unit = %(unit)s)
  AND (%(grid)s::text IS NULL OR grid = %(grid)s)
  AND (%(building)s::text IS NULL OR building = %(building)s)
  AND (%(phone)s::text IS NULL OR contact_phone = %(phone)s)
  AND (%(overdue)s::boolean IS NULL OR %(overdue)s = (
      state NOT IN ('answered', 'rated', 'closed', 'merged', 'cancelled') -- as in the index that this walks
      AND coalesce(promised_at < %(at)s OR ((%(sees_inside)s AND (NOT confidential OR %(is_confidant)s)
           OR (%(is_worker)s AND worker IS NOT DISTINCT FROM %(me)s) OR number = ANY(%(inside)s)) AND (
          SELECT max(d.reached_at) FROM order_deadlines AS d
          WHERE d.site = %(site)s AND d.number = work_orders_whole.number AND d.step = '100%%' AND d.kind = (
              SELECT t.kind FROM order_turns AS t WHERE t.site = %(site)s AND t.number = work_orders_whole.number
              ORDER BY t.n DESC LIMIT 1)) < %(at)s), false)))
  AND (%(undecided)s::boolean IS NULL OR %(undecided)s = (
      state NOT IN ('answered', 'rated', 'closed', 'merged', 'cancelled') -- as in the index that this walks
      AND (%(sees_inside)s AND (NOT confidential OR %(is_confidant)s)
           OR (%(is_worker)s AND worker IS NOT DISTINCT FROM %(me)s) OR number = ANY(%(inside)s)) AND (
          EXISTS (SELECT FROM order_pauses AS p WHERE p.site = %(site)s AND p.number = work_orders_whole.number
                  AND p.decided_at IS NULL AND p.ended_at IS NULL)
          OR EXISTS (SELECT FROM order_extensions AS e WHERE e.site = %(site)s AND e.number = work_orders_whole.number
                     AND e.decided_at IS NULL AND e.round = (
                         SELECT max(r.round) FROM order_promises AS r
                         WHERE r.site = %(site)s AND r.number = e.number)))))
ORDER BY opened_seq DESC
LIMIT %(limit)s;

-- name: tied
-- The orders that somebody helps with, and those that they may take.
(SELECT number FROM order_helpers WHERE site = %(site)s AND helper = %(me)s ORDER BY added_at DESC LIMIT %(limit)s)
UNION ALL
(SELECT f.number FROM order_offers AS f JOIN work_orders AS o USING (site, number)
 WHERE f.site = %(site)s AND f.until IS NOT NULL AND %(me)s = ANY(f.workers) AND o.state = 'accepted'
   AND NOT o.confidential
 LIMIT %(limit)s);

-- name: merged
-- The orders that are merged into one, oldest first.
SELECT number FROM work_orders WHERE site = %(site)s AND merged_into = %(number)s ORDER BY opened_seq LIMIT %(limit)s;

-- name: can_be_asked
-- A client of Open311 stands in for whoever sent a request by it, and asks nobody; nor is anybody asked by an account that
-- is no more. `with_merged`: who reported the same will do too, but for what is confidential: that is for few.
WITH speaks AS (
    SELECT number AS of, number FROM work_orders WHERE site = %(site)s AND number = ANY(%(numbers)s)
    UNION ALL
    SELECT merged_into, number FROM work_orders
    WHERE site = %(site)s AND merged_into = ANY(%(numbers)s) AND %(with_merged)s AND NOT confidential
)
SELECT DISTINCT s.of AS number FROM speaks AS s JOIN work_orders AS o ON o.site = %(site)s AND o.number = s.number
WHERE o.contact_phone IS NOT NULL
   OR o.channel <> 'open311' AND EXISTS (SELECT FROM people AS p
                                         WHERE p.site = o.site AND p.username = o.reporter AND p.enabled)
   OR %(by_link)s AND EXISTS (SELECT FROM order_links AS l
                              WHERE l.site = o.site AND l.number = o.number AND l.expires_at > %(at)s);

-- name: parts
-- The orders that one was split into, oldest first.
SELECT number, state FROM work_orders WHERE site = %(site)s AND parent = %(number)s ORDER BY opened_seq LIMIT %(limit)s;

-- name: answered_before
SELECT number FROM work_orders
WHERE site = %(site)s AND state = 'answered' AND answered_at <= %(before)s
ORDER BY answered_at, number
LIMIT %(limit)s;

-- name: in_hand_of
-- What waits on hold, or for the desk to look at a return, is theirs as well.
SELECT number FROM work_orders
WHERE site = %(site)s AND worker = ANY(%(workers)s) AND state IN ('dispatched', 'handling', 'on_hold', 'returned');

-- name: held_until
SELECT number FROM work_orders
WHERE site = %(site)s AND state = 'on_hold' AND hold_until <= %(before)s
ORDER BY hold_until, number
LIMIT %(limit)s;

-- name: sites_with_something_due
SELECT DISTINCT site FROM work_orders
WHERE (state = 'answered' AND answered_at <= %(answered_before)s) OR (state = 'on_hold' AND hold_until <= %(at)s)
ORDER BY site
LIMIT %(limit)s;

-- name: checklist
SELECT item, text, required, done_by, done_at FROM order_checklist
WHERE site = %(site)s AND number = %(number)s
ORDER BY item;

-- name: add_item
INSERT INTO order_checklist (site, number, item, text, required)
SELECT %(site)s, %(number)s, coalesce(max(item), 0) + 1, %(text)s, %(required)s FROM order_checklist
WHERE site = %(site)s AND number = %(number)s;

-- name: tick
UPDATE order_checklist SET done_by = %(actor)s, done_at = %(at)s
WHERE site = %(site)s AND number = %(number)s AND item = %(item)s AND done_at IS NULL
RETURNING item;

-- name: untick
UPDATE order_checklist SET done_by = NULL, done_at = NULL
WHERE site = %(site)s AND number = %(number)s AND done_at IS NOT NULL;

-- name: history
SELECT n, action, from_state, to_state, actor, at, worker, reason, detail, feed_seq FROM order_history
WHERE site = %(site)s AND number = %(number)s AND (%(after)s::bigint IS NULL OR n > %(after)s)
  AND action <> ALL(%(hidden)s)
ORDER BY n
LIMIT %(limit)s;

-- name: hands
-- Of an order, of all that ever stood for it, and of what is merged into any of these or a part of it.
WITH ours AS (
    SELECT %(number)s::text AS number
    UNION SELECT merged_into FROM work_orders WHERE site = %(site)s AND number = %(number)s AND merged_into IS NOT NULL
    UNION SELECT detail ->> 'master' FROM order_history
          WHERE site = %(site)s AND number = %(number)s AND action IN ('merge', 'moved-on')
)
SELECT DISTINCT had.who
FROM order_history AS h CROSS JOIN LATERAL (VALUES (h.actor), (h.detail ->> 'helper')) AS had (who)
WHERE h.site = %(site)s AND h.action = ANY(%(acts)s) AND had.who IS NOT NULL
  AND h.number IN (
      SELECT number FROM ours
      UNION SELECT w.number FROM work_orders AS w JOIN ours ON w.parent = ours.number WHERE w.site = %(site)s
      UNION SELECT w.number FROM work_orders AS w JOIN ours ON w.merged_into = ours.number WHERE w.site = %(site)s
  );

-- name: desk
SELECT username, roles FROM people WHERE site = %(site)s AND enabled AND roles && %(roles)s::text[]
ORDER BY username
LIMIT %(limit)s;

-- name: confided_alone
SELECT DISTINCT number FROM order_history
WHERE site = %(site)s AND number = ANY(%(numbers)s) AND action = 'confide' AND detail ->> 'with' IS NULL;

-- name: returners
SELECT DISTINCT number, actor FROM order_history
WHERE site = %(site)s AND number = ANY(%(numbers)s) AND action = 'return';

-- name: rated_same_answer
SELECT 1 AS found
FROM work_orders AS m
JOIN work_orders AS o ON o.site = m.site AND (o.number = m.number OR o.merged_into = m.number)
JOIN order_ratings AS r ON r.site = o.site AND r.number = o.number
WHERE m.site = %(site)s AND m.number = %(master)s AND o.number <> %(number)s
  AND r.rater = %(rater)s AND r.at >= m.answered_at
LIMIT 1;

-- name: reported_by
SELECT number FROM work_orders
WHERE site = %(site)s AND reporter = %(reporter)s AND (number = %(master)s OR merged_into = %(master)s)
LIMIT 1;

-- name: has_verdict
SELECT 1 AS found FROM alert_actions WHERE site = %(site)s AND alert_id = %(alert_id)s AND verdict IS NOT NULL LIMIT 1;

-- name: seal
-- The newest: an order is sealed when it is opened, and anew with answers that a correction gives.
SELECT o.salt, h.detail ->> 'original' AS original
FROM work_orders AS o
JOIN order_history AS h ON h.site = o.site AND h.number = o.number
WHERE o.site = %(site)s AND o.number = %(number)s AND o.salt IS NOT NULL
  AND h.action IN ('opened', 'categorised') AND h.detail ->> 'original' IS NOT NULL
ORDER BY h.n DESC
LIMIT 1;

-- name: owed
-- What the newest correction left owed: the desk's leaves nothing.
SELECT detail -> 'owed' AS owed FROM order_history
WHERE site = %(site)s AND number = %(number)s AND action = 'categorised'
ORDER BY n DESC
LIMIT 1;

-- name: is_worker
SELECT username FROM people
WHERE site = %(site)s AND username = %(username)s AND enabled AND roles && ARRAY['grid_worker', 'property_staff'];

-- name: building_of_place
SELECT coalesce(
    (SELECT building FROM zones WHERE site = %(site)s AND zone = %(zone)s),
    (SELECT coalesce(d.building, z.building) FROM devices AS d LEFT JOIN zones AS z USING (site, zone)
     WHERE d.site = %(site)s AND d.device = %(device)s)
) AS building;

-- name: hidden_by_now
SELECT alert_id FROM alerts
WHERE site = %(site)s AND alert_id = %(alert_id)s AND version > %(version)s AND merged_into IS NOT NULL;
