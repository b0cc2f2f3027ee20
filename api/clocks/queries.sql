-- name: ground
SELECT s.time_zone, c.body::text AS settings, c.changed_by, c.changed_at,
       coalesce((SELECT jsonb_agg(d.body ORDER BY d.year) FROM calendar_decrees AS d WHERE d.site = s.site),
                '[]')::text AS decrees
FROM sites AS s LEFT JOIN clock_settings AS c USING (site)
WHERE s.site = %(site)s;

-- name: put_settings
INSERT INTO clock_settings (site, body, changed_by, changed_at) VALUES (%(site)s, %(body)s, %(actor)s, %(at)s)
ON CONFLICT (site) DO UPDATE
SET body = excluded.body, changed_by = excluded.changed_by, changed_at = excluded.changed_at;

-- name: promise
SELECT round, began_at, due_at, terms, follows, ended_at, outcome FROM order_promises
WHERE site = %(site)s AND number = %(number)s
ORDER BY round DESC
LIMIT 1;

-- name: known
-- All that is kept of an order's clocks, in one look; turns with their beginning in microseconds.
SELECT p.round, p.began_at, p.due_at, p.terms, p.follows, p.ended_at, p.outcome,
       (SELECT coalesce(json_agg(json_build_array(t.round, t.kind, t.unit, t.worker,
                                                  (extract(epoch FROM t.began_at) * 1000000)::bigint) ORDER BY t.n), '[]')
        FROM order_turns AS t WHERE t.site = p.site AND t.number = p.number) AS turns,
       (SELECT coalesce(json_agg(json_build_object(
                   'id', h.id, 'reason', h.reason, 'note', h.note, 'asked_by', h.asked_by, 'asked_at', h.asked_at,
                   'until', h.until, 'approved', h.approved, 'decided_by', h.decided_by, 'decided_at', h.decided_at,
                   'ended_by', h.ended_by, 'ended_at', h.ended_at) ORDER BY h.id), '[]')
        FROM order_pauses AS h WHERE h.site = p.site AND h.number = p.number) AS pauses,
       (SELECT coalesce(json_agg(json_build_object(
                   'id', e.id, 'round', e.round, 'minutes', e.minutes, 'reason', e.reason, 'asked_by', e.asked_by,
                   'asked_at', e.asked_at, 'approved', e.approved, 'decided_by', e.decided_by,
                   'decided_at', e.decided_at) ORDER BY e.id), '[]')
        FROM order_extensions AS e WHERE e.site = p.site AND e.number = p.number) AS extensions
FROM order_promises AS p
WHERE p.site = %(site)s AND p.number = %(number)s
ORDER BY p.round DESC
LIMIT 1;

-- name: add_promise
WITH promised AS (UPDATE work_orders SET promised_at = %(due_at)s WHERE site = %(site)s AND number = %(number)s)
INSERT INTO order_promises (site, number, round, began_at, due_at, terms)
VALUES (%(site)s, %(number)s, %(round)s, %(began_at)s, %(due_at)s, %(terms)s);

-- name: move_promise
WITH promised AS (UPDATE work_orders SET promised_at = %(due_at)s WHERE site = %(site)s AND number = %(number)s)
UPDATE order_promises SET due_at = %(due_at)s WHERE site = %(site)s AND number = %(number)s AND round = %(round)s;

-- name: keep_terms
UPDATE order_promises SET terms = %(terms)s WHERE site = %(site)s AND number = %(number)s AND round = %(round)s;

-- name: join_promise
-- Merged into another order, or by itself again: then it runs on, whatever the other one was answered.
UPDATE order_promises SET follows = %(follows)s, ended_at = NULL, outcome = NULL
WHERE site = %(site)s AND number = %(number)s AND round = %(round)s;

-- name: end_promises
-- The order's own, and those of all orders that are merged into it, or into one of these.
WITH RECURSIVE bound AS (
    SELECT number, 0 AS depth FROM order_promises
    WHERE site = %(site)s AND number = %(number)s AND ended_at IS NULL
    UNION
    SELECT p.number, b.depth + 1 FROM order_promises AS p JOIN bound AS b ON p.follows = b.number
    WHERE p.site = %(site)s AND p.ended_at IS NULL AND b.depth < %(deepest)s
)
UPDATE order_promises AS p SET ended_at = %(ended_at)s, outcome = %(outcome)s
FROM bound AS b
WHERE p.site = %(site)s AND p.number = b.number AND p.ended_at IS NULL
RETURNING p.number;

-- name: add_turn
-- Where this one begins the one before ends.
WITH ended AS (UPDATE order_turns SET ended_at = greatest(began_at, %(at)s)
               WHERE site = %(site)s AND number = %(number)s AND ended_at IS NULL)
INSERT INTO order_turns (site, number, n, round, kind, unit, worker, began_at)
VALUES (%(site)s, %(number)s, %(n)s, %(round)s, %(kind)s, %(unit)s, %(worker)s, %(began_at)s);

-- name: add_pause
INSERT INTO order_pauses (site, number, reason, note, asked_by, asked_at, until)
VALUES (%(site)s, %(number)s, %(reason)s, %(note)s, %(actor)s, %(at)s, %(until)s);

-- name: decide_pause
UPDATE order_pauses SET approved = %(approved)s, decided_by = %(actor)s, decided_at = %(at)s
WHERE site = %(site)s AND number = %(number)s AND id = %(id)s;

-- name: end_pauses
UPDATE order_pauses SET ended_by = %(actor)s, ended_at = least(until, %(at)s)
WHERE site = %(site)s AND number = %(number)s AND id = ANY(%(ids)s);

-- name: add_extension
INSERT INTO order_extensions (site, number, round, minutes, reason, asked_by, asked_at)
VALUES (%(site)s, %(number)s, %(round)s, %(minutes)s, %(reason)s, %(actor)s, %(at)s);

-- name: decide_extension
UPDATE order_extensions SET approved = %(approved)s, decided_by = %(actor)s, decided_at = %(at)s
WHERE site = %(site)s AND number = %(number)s AND id = %(id)s;

-- name: drop_deadlines
DELETE FROM order_deadlines
WHERE site = %(site)s AND number = ANY(%(numbers)s) AND kind = ANY(%(kinds)s) AND fired_at IS NULL;

-- name: drop_question
-- The limit of a pause that is asked for is when it was; there is one at a time that is not moot.
DELETE FROM order_deadlines
WHERE site = %(site)s AND number = %(number)s AND kind = %(kind)s AND limit_at = %(asked_at)s AND fired_at IS NULL;

-- name: add_deadlines
INSERT INTO order_deadlines (site, number, kind, step, level, is_escalation, reached_at, due_at, limit_at)
SELECT %(site)s, * FROM unnest(%(numbers)s::text[], %(kinds)s::text[], %(steps)s::text[], %(levels)s::text[],
                               %(are_escalations)s::boolean[], %(reached_at)s::timestamptz[],
                               %(due_at)s::timestamptz[], %(limit_at)s::timestamptz[])
ON CONFLICT DO NOTHING;

-- name: wait_for_no_morning
-- What waits for the end of the quiet hours is told when it is so, at the earliest now. As new rows: in the order of
-- (due, id) nothing comes before what was told by now.
WITH waiting AS (
    DELETE FROM order_deadlines
    WHERE site = %(site)s AND number = %(number)s AND fired_at IS NULL AND due_at > greatest(reached_at, %(at)s)
    RETURNING *
)
INSERT INTO order_deadlines (site, number, kind, step, level, is_escalation, reached_at, due_at, limit_at)
SELECT site, number, kind, step, level, is_escalation, reached_at, greatest(reached_at, %(at)s), limit_at FROM waiting
ORDER BY due_at, id;

-- name: deadlines
SELECT id, kind, step, level, reached_at, due_at, fired_at, superseded FROM order_deadlines
WHERE site = %(site)s AND number = %(number)s
ORDER BY due_at, id;

-- name: sites_with_due
SELECT s.site FROM sites AS s
WHERE EXISTS (SELECT FROM order_deadlines AS d WHERE d.site = s.site AND d.fired_at IS NULL AND d.due_at <= %(at)s)
ORDER BY s.site COLLATE "C";

-- name: next_due
SELECT min(next.due_at) AS due_at
FROM sites AS s
CROSS JOIN LATERAL (SELECT due_at FROM order_deadlines AS d WHERE d.site = s.site AND d.fired_at IS NULL
                    ORDER BY d.due_at, d.id LIMIT 1) AS next;

-- name: one_sweep
-- Two that take turns would fire what is due in two orders.
SELECT pg_try_advisory_xact_lock(%(key)s, hashtext(%(site)s)) AS mine;

-- name: due
SELECT id, number FROM order_deadlines
WHERE site = %(site)s AND fired_at IS NULL AND due_at <= %(at)s
ORDER BY due_at, id
LIMIT %(limit)s;

-- name: lock_orders
-- Also those that they are merged into: whoever answers these drops the deadlines of both.
SELECT number FROM work_orders
WHERE site = %(site)s AND number = ANY(ARRAY(
    SELECT unnest(%(numbers)s::text[])
    UNION
    SELECT follows FROM order_promises WHERE site = %(site)s AND number = ANY(%(numbers)s) AND follows IS NOT NULL))
ORDER BY number
FOR NO KEY UPDATE;

-- name: last_due
-- Of each limit that is due the last word, and that it is over: the last word is for those above, and whoever has the
-- order would not hear of it. What else came before need not be told any more.
(SELECT DISTINCT ON (number, kind) id FROM order_deadlines
 WHERE site = %(site)s AND number = ANY(%(numbers)s) AND fired_at IS NULL AND due_at <= %(at)s
 ORDER BY number, kind, due_at DESC, id DESC)
UNION
SELECT id FROM order_deadlines
WHERE site = %(site)s AND number = ANY(%(numbers)s) AND fired_at IS NULL AND due_at <= %(at)s AND step = %(limit)s;

-- name: fire
UPDATE order_deadlines AS d
SET fired_at = %(at)s, superseded = NOT id = ANY(%(last)s)
WHERE site = %(site)s AND id = ANY(%(ids)s) AND fired_at IS NULL
RETURNING id, number, kind, step, level, is_escalation, reached_at, due_at, coalesce(limit_at, reached_at) AS limit_at,
          fired_at, superseded;

-- name: last_words
SELECT f.id FROM order_deadlines AS f
WHERE f.site = %(site)s AND f.id = ANY(%(ids)s)
      AND NOT EXISTS (SELECT FROM order_deadlines AS d
                      WHERE d.site = f.site AND d.number = f.number AND d.kind = f.kind
                            AND (d.fired_at IS NULL OR (d.due_at, d.id) > (f.due_at, f.id)));

-- name: first_of_their_date
-- What is planned anew, and over already, is over at the same date as before.
SELECT f.id FROM order_deadlines AS f
WHERE f.site = %(site)s AND f.id = ANY(%(ids)s)
      AND NOT EXISTS (SELECT FROM order_deadlines AS d
                      WHERE d.site = f.site AND d.number = f.number AND d.kind = f.kind AND d.step = f.step
                            AND d.limit_at = f.limit_at AND d.id < f.id AND d.fired_at IS NOT NULL AND d.failure IS NULL);

-- name: set_aside
UPDATE order_deadlines SET fired_at = %(at)s, failure = %(failure)s
WHERE site = %(site)s AND id = %(id)s AND fired_at IS NULL;
