-- name: add
-- Nothing comes back if the number is taken, or the alert has an order.
INSERT INTO work_orders (site, number, origin, state, category, severity, title, text, building, zone, alert_id,
                         alert_version, alert_rule_uid, alert_count, alert_cleared_at, reporter, contact_phone,
                         opened_seq, opened_at, updated_at, version)
VALUES (%(site)s, %(number)s, %(origin)s, %(state)s, %(category)s, %(severity)s, %(title)s, %(text)s, %(building)s,
        %(zone)s, %(alert_id)s, %(alert_version)s, %(alert_rule_uid)s, %(alert_count)s, %(alert_cleared_at)s,
        %(reporter)s, %(contact_phone)s, %(opened_seq)s, %(opened_at)s, %(updated_at)s, %(version)s)
ON CONFLICT DO NOTHING
RETURNING number;

-- name: save
UPDATE work_orders
SET state = %(state)s, worker = %(worker)s, resolution = %(resolution)s, answer = %(answer)s, score = %(score)s,
    solved = %(solved)s, comment = %(comment)s, rated_by = %(rated_by)s, alert_version = %(alert_version)s,
    alert_count = %(alert_count)s, alert_cleared_at = %(alert_cleared_at)s, updated_at = %(updated_at)s,
    version = %(version)s
WHERE site = %(site)s AND number = %(number)s;

-- name: add_history
INSERT INTO order_history (site, number, n, action, from_state, to_state, actor, at, worker, reason, feed_seq)
VALUES (%(site)s, %(number)s, %(n)s, %(action)s, %(from_state)s, %(to_state)s, %(actor)s, %(at)s, %(worker)s,
        %(reason)s, %(feed_seq)s);

-- name: one
SELECT number, origin, state, category, severity, title, text, building, zone, alert_id, alert_version, alert_rule_uid,
       alert_count, alert_cleared_at, reporter, contact_phone, worker, resolution, answer, score, solved, comment,
       rated_by, opened_seq, opened_at, updated_at, version
FROM work_orders
WHERE site = %(site)s AND number = %(number)s;

-- name: locked
SELECT number, origin, state, category, severity, title, text, building, zone, alert_id, alert_version, alert_rule_uid,
       alert_count, alert_cleared_at, reporter, contact_phone, worker, resolution, answer, score, solved, comment,
       rated_by, opened_seq, opened_at, updated_at, version
FROM work_orders
WHERE site = %(site)s AND (number = %(number)s OR alert_id = %(alert_id)s)
FOR UPDATE;

-- name: page
-- Whoever does not see everything sees what is dispatched to them, what they reported, and their building's alerts.
SELECT number, origin, state, category, severity, title, text, building, zone, alert_id, alert_version, alert_rule_uid,
       alert_count, alert_cleared_at, reporter, contact_phone, worker, resolution, answer, score, solved, comment,
       rated_by, opened_seq, opened_at, updated_at, version
FROM work_orders
WHERE site = %(site)s
  AND (%(sees_all)s OR worker = %(me)s OR reporter = %(me)s OR (origin = 'alert' AND building = %(home_building)s))
  AND (%(older_than)s::bigint IS NULL OR opened_seq < %(older_than)s)
  AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(worker)s::text IS NULL OR worker = %(worker)s)
  AND (%(origin)s::text IS NULL OR origin = %(origin)s)
ORDER BY opened_seq DESC
LIMIT %(limit)s;

-- name: history
SELECT n, action, from_state, to_state, actor, at, worker, reason, feed_seq FROM order_history
WHERE site = %(site)s AND number = %(number)s
ORDER BY n
LIMIT %(limit)s;

-- name: closers
SELECT DISTINCT actor FROM order_history
WHERE site = %(site)s AND number = %(number)s AND action IN ('handle', 'resolve', 'answer');

-- name: fitting_worker
-- The grid worker of the building who knows the category and has least to do; of equals the first by name.
SELECT p.username
FROM people AS p
WHERE p.site = %(site)s AND p.enabled AND 'grid_worker' = ANY(p.roles) AND %(category)s = ANY(p.skills)
  AND EXISTS (
      SELECT FROM person_grids AS g JOIN grid_buildings AS b USING (site, grid)
      WHERE g.site = p.site AND g.username = p.username AND b.building = %(building)s)
ORDER BY (SELECT count(*) FROM work_orders AS o
          WHERE o.site = p.site AND o.worker = p.username AND o.state IN ('dispatched', 'handling')),
         p.username COLLATE "C"
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
