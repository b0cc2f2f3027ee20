-- name: demand
-- What people asked for in a week: merged reports too, for each is somebody's; not what was cancelled, not the parts of
-- a split order, not what the system opened itself.
SELECT o.number, o.category, o.merged_into, o.confidential, o.reporter, o.worker, o.opened_seq, o.channel, o.title,
       o.text, o.answer, o.opened_at
FROM work_orders AS o
WHERE o.site = %(site)s AND o.opened_at >= %(begin)s AND o.opened_at < %(end)s
  AND o.origin = 'report' AND o.state <> 'cancelled' AND o.parent IS NULL AND o.channel <> 'pattern'

-- name: by_category
SELECT category, count(*) AS orders FROM demand GROUP BY category;

-- name: of_week
SELECT number FROM demand WHERE number = ANY(%(numbers)s::text[]);

-- name: examples
-- Of each class the first that were answered, and if there are none the first of all.
SELECT number, top_class, told FROM (
    SELECT d.number, c.top_class, d.opened_seq,
           -- The text of what came by Open311 has the answers of its form as well: only what the person said.
           CASE d.channel WHEN 'open311' THEN coalesce(r.description, d.title ->> 'zh') ELSE d.text ->> 'zh' END AS told,
           row_number() OVER (PARTITION BY c.top_class ORDER BY d.answer IS NULL, d.opened_seq) AS place
    FROM demand AS d
    JOIN unnest(%(categories)s::text[], %(top_classes)s::text[]) AS c(category, top_class) USING (category)
    LEFT JOIN open311_requests AS r ON r.site = %(site)s AND r.number = d.number
    WHERE NOT d.confidential AND d.number <> ALL (%(left_out)s::text[])
) AS placed
WHERE place <= %(each)s
ORDER BY top_class COLLATE "C", place;

-- name: one_at_a_time
SELECT site FROM sites WHERE site = %(site)s FOR NO KEY UPDATE;

-- name: keep_orders
INSERT INTO bulletin_orders (site, week, number, category, merged_into)
SELECT %(site)s, %(week)s, number, category, merged_into FROM demand;

-- name: kept_by_category
SELECT category, count(*) AS orders FROM bulletin_orders WHERE site = %(site)s AND week = %(week)s GROUP BY category;

-- name: keep
INSERT INTO bulletins (site, week, body, hash, sources, frozen_by, frozen_at)
VALUES (%(site)s, %(week)s, %(body)s, %(hash)s, %(sources)s, %(actor)s, %(at)s);

-- name: one
SELECT week, body, hash, sources, frozen_by, frozen_at FROM bulletins WHERE site = %(site)s AND week = %(week)s;

-- name: page
SELECT week, hash, frozen_at FROM bulletins
WHERE site = %(site)s AND (%(before)s::text IS NULL OR week < %(before)s)
ORDER BY week DESC
LIMIT %(limit)s;

-- name: told
SELECT o.number, o.confidential, o.answer,
       CASE o.channel WHEN 'open311' THEN coalesce(r.description, o.title ->> 'zh') ELSE o.text ->> 'zh' END AS question
FROM work_orders AS o
LEFT JOIN open311_requests AS r ON r.site = o.site AND r.number = o.number
WHERE o.site = %(site)s AND o.number = ANY (%(numbers)s);

-- name: confided
SELECT number FROM work_orders WHERE site = %(site)s AND number = ANY (%(numbers)s) AND confidential;

-- name: began_before
-- Whether anybody had reported anything by then.
SELECT EXISTS (
    SELECT FROM work_orders WHERE site = %(site)s AND origin = 'report' AND opened_at < %(end)s
) AS began;

-- name: corrected
-- What would be told otherwise now, of the orders that a bulletin has counted and of those that it has not.
SELECT o.number, b.category AS category_then, o.category AS category_now,
       o.updated_at AS changed_at, o.confidential, o.reporter, o.worker,
       array_remove(ARRAY[
           CASE WHEN o.category <> b.category THEN 'recategorised' END,
           CASE WHEN o.state = 'cancelled' THEN 'cancelled' END,
           CASE WHEN b.merged_into IS NULL AND o.merged_into IS NOT NULL THEN 'merged' END,
           CASE WHEN b.merged_into IS NOT NULL AND o.merged_into IS NULL THEN 'unmerged' END,
           CASE WHEN o.confidential AND p.number IS NOT NULL THEN 'confided' END
       ], NULL) AS changes
FROM bulletin_orders AS b JOIN work_orders AS o USING (site, number)
LEFT JOIN printed AS p USING (number)
WHERE b.site = %(site)s AND b.week = %(week)s
  AND (o.category <> b.category OR o.state = 'cancelled' OR (b.merged_into IS NULL) <> (o.merged_into IS NULL)
       OR (o.confidential AND p.number IS NOT NULL))
UNION ALL
SELECT d.number, NULL, d.category, d.opened_at, d.confidential, d.reporter, d.worker, ARRAY['added']
FROM demand AS d
WHERE NOT EXISTS (
    SELECT FROM bulletin_orders AS b WHERE b.site = %(site)s AND b.week = %(week)s AND b.number = d.number)
UNION ALL
-- A pair may be of another week's order.
SELECT o.number, NULL, o.category, o.updated_at, o.confidential, o.reporter, o.worker, ARRAY['confided']
FROM printed AS p JOIN work_orders AS o ON o.site = %(site)s AND o.number = p.number
WHERE o.confidential AND NOT EXISTS (
    SELECT FROM bulletin_orders AS b WHERE b.site = %(site)s AND b.week = %(week)s AND b.number = o.number)

-- name: printed
-- The orders whose words a bulletin has.
SELECT DISTINCT number FROM bulletins
CROSS JOIN LATERAL jsonb_array_elements_text((sources -> 'examples') || (sources -> 'pairs')) AS s(number)
WHERE site = %(site)s AND week = %(week)s

-- name: listed
-- With whether it is hidden from who asks: what is confidential is for few.
SELECT number, category_then, category_now, changed_at, changes,
       confidential AND NOT coalesce(
           %(is_confidant)s OR reporter = %(me)s OR (%(is_worker)s AND worker = %(me)s), false) AS hidden
FROM corrected

-- name: hidden
SELECT count(*) AS hidden FROM listed WHERE hidden;

-- name: corrections
-- When it was changed the history knows; whatever else was done to an order since is no correction.
SELECT number, category_then, category_now, changes, coalesce((
    SELECT max(h.at) FROM order_history AS h
    JOIN (VALUES ('recategorised', 'categorised', NULL), ('cancelled', 'cancel', NULL), ('merged', 'merge', NULL),
                 ('unmerged', 'unmerge', NULL), ('unmerged', 'reopen', 'merged'), ('confided', 'confide', NULL),
                 ('added', 'reopen', 'cancelled')
         ) AS w(change, action, only_from) USING (action)
    WHERE h.site = %(site)s AND h.number = listed.number AND w.change = ANY (listed.changes)
      AND coalesce(h.from_state = w.only_from, true)), changed_at) AS changed_at
FROM listed
WHERE NOT hidden AND (%(after)s::text IS NULL OR number > %(after)s)
ORDER BY number
LIMIT %(limit)s;

-- name: correction_counts
SELECT change, count(*) AS orders FROM corrected CROSS JOIN LATERAL unnest(changes) AS c(change) GROUP BY change;
