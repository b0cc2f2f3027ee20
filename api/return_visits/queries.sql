-- name: plan
SELECT shares, drawn_day, changed_by, changed_at FROM return_visit_plans WHERE site = %(site)s;

-- name: put_plan
-- The first plan begins with the day that now is at the site.
INSERT INTO return_visit_plans (site, shares, drawn_day, changed_by, changed_at)
VALUES (%(site)s, %(shares)s,
        (SELECT (%(at)s AT TIME ZONE time_zone)::date - 1 FROM sites WHERE site = %(site)s), %(actor)s, %(at)s)
ON CONFLICT (site) DO UPDATE
SET shares = excluded.shares, changed_by = excluded.changed_by, changed_at = excluded.changed_at;

-- name: sites_with_days
SELECT p.site FROM return_visit_plans AS p JOIN sites AS s USING (site)
WHERE p.drawn_day < (%(at)s AT TIME ZONE s.time_zone)::date - 1
ORDER BY p.site
LIMIT %(limit)s;

-- name: lock_next_day
-- The oldest day that is over and not drawn; nobody else draws it.
SELECT p.drawn_day + 1 AS day, p.shares FROM return_visit_plans AS p JOIN sites AS s USING (site)
WHERE p.site = %(site)s AND p.drawn_day < (%(at)s AT TIME ZONE s.time_zone)::date - 1
FOR UPDATE OF p;

-- name: day_is_drawn
UPDATE return_visit_plans SET drawn_day = %(day)s WHERE site = %(site)s;

-- name: closed_on
-- Of the present round, without those that are visited anyway.
SELECT o.number, o.reopens AS round, o.category, o.unit FROM work_orders AS o JOIN sites AS s USING (site)
WHERE o.site = %(site)s AND o.state IN ('rated', 'closed') AND o.origin = 'report'
  AND o.closed_at >= %(day)s::date::timestamp AT TIME ZONE s.time_zone
  AND o.closed_at < (%(day)s::date + 1)::timestamp AT TIME ZONE s.time_zone
  AND NOT EXISTS (SELECT FROM order_visits AS v
                  WHERE v.site = o.site AND v.number = o.number AND v.round = o.reopens)
ORDER BY o.number
LIMIT %(limit)s;

-- name: add_draw
INSERT INTO return_visit_draws (site, day, seed, shares, closed, orders, drawn, drawn_at)
VALUES (%(site)s, %(day)s, %(seed)s, %(shares)s, %(closed)s, %(orders)s, %(drawn)s, %(at)s);

-- name: draws
SELECT day, seed::text AS seed, shares, closed, orders, drawn, drawn_at FROM return_visit_draws
WHERE site = %(site)s AND (%(before)s::date IS NULL OR day < %(before)s)
ORDER BY day DESC
LIMIT %(limit)s;

-- name: confidential
SELECT number FROM work_orders WHERE site = %(site)s AND confidential AND number = ANY(%(numbers)s);

-- name: add
-- One an order and round.
INSERT INTO order_visits (site, number, round, reason, opened_at)
VALUES (%(site)s, %(number)s, %(round)s, %(reason)s, %(at)s)
ON CONFLICT (site, number, round) DO NOTHING;

-- name: lock
SELECT id, number, round, reason, opened_at, outcome, score, speed, attitude, result, note, done_by, done_at FROM order_visits
WHERE site = %(site)s AND id = %(id)s
FOR UPDATE;

-- name: order_of
SELECT number FROM order_visits WHERE site = %(site)s AND id = %(id)s;

-- name: close
UPDATE order_visits SET outcome = %(outcome)s, score = %(score)s, speed = %(speed)s, attitude = %(attitude)s,
    result = %(result)s, note = %(note)s, done_by = %(actor)s, done_at = %(at)s
WHERE site = %(site)s AND id = %(id)s;

-- name: page
SELECT v.id, v.number, v.round, v.reason, v.opened_at, v.outcome, v.score, v.speed, v.attitude, v.result, v.note,
       v.done_by, v.done_at
FROM order_visits AS v JOIN work_orders AS o USING (site, number)
WHERE v.site = %(site)s
  AND (NOT o.confidential OR %(is_confidant)s)
  AND (%(before)s::bigint IS NULL OR v.id < %(before)s)
  AND (%(is_open)s::boolean IS NULL OR (v.outcome IS NULL) = %(is_open)s)
ORDER BY v.id DESC
LIMIT %(limit)s;

-- name: counts
SELECT reason, count(*) FILTER (WHERE outcome IS NULL) AS open, count(*) FILTER (WHERE outcome = 'solved') AS solved,
       count(*) FILTER (WHERE outcome = 'unsolved') AS unsolved, count(*) FILTER (WHERE outcome = 'silent') AS silent,
       count(*) FILTER (WHERE score >= %(satisfied)s) AS satisfied,
       count(*) FILTER (WHERE score <= %(dissatisfied)s) AS dissatisfied
FROM order_visits
WHERE site = %(site)s AND opened_at >= %(since)s
GROUP BY reason
ORDER BY reason;
