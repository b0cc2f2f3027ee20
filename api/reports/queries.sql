-- name: phone_of
SELECT phone FROM people WHERE site = %(site)s AND username = %(actor)s;

-- name: one_at_a_time
SELECT FROM people WHERE site = %(site)s AND username = %(actor)s FOR NO KEY UPDATE;

-- name: last_but
SELECT opened_at FROM work_orders WHERE site = %(site)s AND reporter = %(actor)s
ORDER BY opened_seq DESC
OFFSET %(others)s LIMIT 1;

-- name: add_caller
INSERT INTO order_callers (site, number, name) VALUES (%(site)s, %(number)s, %(name)s);

-- name: caller
SELECT name FROM order_callers WHERE site = %(site)s AND number = %(number)s;

-- name: forget_callers
-- What is merged is over with the order that stands for it.
DELETE FROM order_callers WHERE ctid IN (
    SELECT c.ctid FROM order_callers AS c JOIN work_orders AS o USING (site, number)
    LEFT JOIN work_orders AS m ON m.site = o.site AND m.number = o.merged_into
    WHERE coalesce(m.closed_at, o.closed_at) <= %(before)s LIMIT %(limit)s);
