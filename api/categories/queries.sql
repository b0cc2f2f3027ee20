-- name: hold
-- Whoever opens an order of a category keeps the tree from being replaced until the order is there.
SELECT site FROM sites WHERE site = %(site)s FOR KEY SHARE;

-- name: lock
-- Nobody opens an order that has been checked against the old tree while a new one is put.
SELECT site FROM sites WHERE site = %(site)s FOR UPDATE;

-- name: in_force
-- The version and digest of the tree in force, and the last lesson; without a tree of its own the version is 0.
SELECT coalesce(t.version, 0) AS version, t.digest, t.changed_by, t.changed_at, t.why,
       coalesce((SELECT max(seq) FROM category_examples WHERE site = %(site)s), 0) AS lesson
FROM (SELECT 1) AS always
LEFT JOIN LATERAL (
    SELECT version, digest, changed_by, changed_at, why FROM category_trees
    WHERE site = %(site)s
    ORDER BY version DESC
    LIMIT 1
) AS t ON true;

-- name: of_rules
-- The categories of orders that alerts of the rules in force open.
SELECT DISTINCT coalesce(v.body ->> 'order_category', v.body ->> 'category') AS category
FROM rules_in_force AS r
JOIN rule_versions AS v ON v.site = r.site AND v.uid = r.uid COLLATE "default" AND v.version = r.version
WHERE r.site = %(site)s;

-- name: version
SELECT version, digest, body, changed_by, changed_at, why FROM category_trees
WHERE site = %(site)s AND version = %(version)s;

-- name: add
INSERT INTO category_trees (site, version, digest, body, changed_by, changed_at, why)
VALUES (%(site)s, %(version)s, %(digest)s, %(body)s::jsonb, %(actor)s, %(at)s, %(why)s);

-- name: in_use
-- Which of these categories orders have that are still open. What is merged is so as long as its master is: it may be
-- taken out again.
SELECT o.category, count(*) AS orders FROM work_orders AS o
LEFT JOIN work_orders AS m ON m.site = o.site AND m.number = o.merged_into
WHERE o.site = %(site)s AND o.category = ANY(%(categories)s) AND coalesce(m.state, o.state) <> ALL(%(over)s)
GROUP BY o.category
ORDER BY o.category COLLATE "C";

-- name: last_names
-- How categories and units were last called that a tree had once.
SELECT DISTINCT ON (id) leaf ->> %(field)s AS id, leaf ->> 'zh' AS zh
FROM category_trees AS t CROSS JOIN LATERAL jsonb_array_elements(t.body -> %(part)s) AS leaf
WHERE t.site = %(site)s AND leaf ->> %(field)s = ANY(%(names)s)
ORDER BY id, t.version DESC;

-- name: grid_of
SELECT grid FROM grid_buildings WHERE site = %(site)s AND building = %(building)s ORDER BY grid COLLATE "C" LIMIT 1;

-- name: description
SELECT description FROM open311_requests WHERE site = %(site)s AND number = %(number)s;

-- name: take_lesson_back
DELETE FROM category_examples WHERE site = %(site)s AND number = %(number)s RETURNING number;

-- name: renew_newest
-- By its newest lesson a model tells whether it has learned all: what is taken back has to be seen by that, too.
WITH newest AS (
    DELETE FROM category_examples
    WHERE site = %(site)s AND seq = (SELECT max(seq) FROM category_examples WHERE site = %(site)s)
    RETURNING site, number, category, text, source, taught_at
)
INSERT INTO category_examples (site, number, category, text, source, taught_at) SELECT * FROM newest;

-- name: teach
INSERT INTO category_examples (site, number, category, text, source, taught_at)
VALUES (%(site)s, %(number)s, %(category)s, %(text)s, %(source)s, %(at)s);

-- name: trim_lessons
-- Keeps the newest of a category.
DELETE FROM category_examples
WHERE site = %(site)s AND category = %(category)s AND seq <= (
    SELECT seq FROM category_examples
    WHERE site = %(site)s AND category = %(category)s
    ORDER BY seq DESC
    OFFSET %(kept)s LIMIT 1
);

-- name: lessons
-- Who says the same again teaches nothing more.
SELECT category, text FROM category_examples WHERE site = %(site)s
GROUP BY category, text
ORDER BY max(seq) DESC
LIMIT %(limit)s;

-- name: add_choice
INSERT INTO category_choices (site, number, n, suggested, chosen, chosen_by, at, reason)
VALUES (%(site)s, %(number)s, %(n)s, %(suggested)s, %(chosen)s, %(chosen_by)s, %(at)s, %(reason)s);

-- name: choices
SELECT n, suggested, chosen, chosen_by, at, reason FROM category_choices
WHERE site = %(site)s AND number = %(number)s
ORDER BY n;
