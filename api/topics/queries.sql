-- name: voices
-- Reports with who speaks: the caller of a phone report is not who typed it, somebody with an account has the phone that
-- they call from, of an Open311 client's its own people are asked for, and whoever gives no name is one of a house however
-- often they write. Points are one place within some hundred metres.
SELECT o.number, o.category, o.building, o.opened_seq, o.opened_at, o.title ->> 'zh' AS title,
       -- Not the answers of a form: they are alike whatever it is about.
       CASE o.channel WHEN 'open311' THEN sent.description ELSE o.text ->> 'zh' END AS told,
       coalesce(o.building, o.zone, o.address, round(o.lat::numeric, 3) || ',' || round(o.lon::numeric, 3), '') AS place,
       coalesce(CASE WHEN o.channel = 'anonymous' THEN NULL
                     WHEN o.channel = 'phone' THEN coalesce(own.username, o.contact_phone)
                     WHEN o.channel = 'open311'
                     THEN coalesce(own.username, o.contact_phone, sent.account_hash, who.email, sent.device_hash)
                     ELSE coalesce(o.reporter, own.username, o.contact_phone) END,
                'nobody of ' || coalesce(o.building, o.zone, '')) AS reporter
FROM work_orders AS o
LEFT JOIN (
    SELECT p.phone, min(p.username) AS username FROM people AS p WHERE p.site = %(site)s GROUP BY p.phone
) AS own ON own.phone = o.contact_phone
LEFT JOIN open311_requests AS sent ON sent.site = o.site AND sent.number = o.number
LEFT JOIN open311_contacts AS who ON who.site = sent.site AND who.token = sent.token
WHERE o.site = %(site)s AND o.opened_at >= %(since)s AND o.opened_at < %(until)s
  AND o.origin = 'report' AND o.state <> 'cancelled' AND o.parent IS NULL AND NOT o.confidential
  AND o.channel <> 'pattern'

-- name: recent
SELECT number, title, told FROM voices ORDER BY opened_seq DESC LIMIT %(limit)s;

-- name: unsorted
-- Reports of no topic: first those that no pass has looked at, the oldest first, then the newest of those that were like
-- nothing yet.
SELECT number, category, building, title, told, reporter, opened_at, opened_seq,
       opened_seq > %(sorted_seq)s AS waits
FROM voices AS v
WHERE NOT EXISTS (SELECT FROM topic_members AS m WHERE m.site = %(site)s AND m.number = v.number)
ORDER BY waits DESC, CASE WHEN opened_seq > %(sorted_seq)s THEN opened_seq ELSE -opened_seq END
LIMIT %(limit)s;

-- name: waiting
SELECT count(*) AS waiting FROM voices AS v
WHERE v.opened_seq > %(sorted_seq)s
  AND NOT EXISTS (SELECT FROM topic_members AS m WHERE m.site = %(site)s AND m.number = v.number);

-- name: sensed
-- Orders of alerts that sensors' topics have.
SELECT m.topic, o.number, o.opened_at, coalesce(o.building, o.zone) AS place
FROM topics AS t JOIN topic_members AS m USING (site, topic) JOIN work_orders AS o USING (site, number)
WHERE t.site = %(site)s AND t.kind = 'sensor' AND o.opened_at >= %(since)s AND o.opened_at < %(until)s
  AND o.state <> 'cancelled' AND NOT o.confidential

-- name: heard
-- How many reports, people and places each topic had in each of the stretches, by the stretch's place in the list.
SELECT s.topic, w.n, count(*) AS reports, count(DISTINCT s.reporter) AS reporters, count(DISTINCT s.place) AS places
FROM (
    SELECT m.topic, v.opened_at, v.reporter, v.place
    FROM voices AS v
    CROSS JOIN LATERAL (
        SELECT topic FROM topic_members AS t WHERE t.site = %(site)s AND t.number = v.number OFFSET 0
    ) AS m
    UNION ALL
    SELECT topic, opened_at, NULL, place FROM sensed
) AS s
JOIN unnest(%(begins)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS w(begins_at, ends_at, n)
    ON s.opened_at >= w.begins_at AND s.opened_at < w.ends_at
GROUP BY s.topic, w.n;

-- name: claim
-- One pass at a time, and none before the time: nothing comes back then.
INSERT INTO topic_passes AS p (site, made_at, reports, frequencies)
VALUES (%(site)s, %(at)s, 0, '{}')
ON CONFLICT (site) DO UPDATE SET made_at = excluded.made_at WHERE %(forced)s OR p.made_at <= %(due_before)s
RETURNING site;

-- name: hold
-- The same for who only sorts: the hour's pass comes when it would have come.
INSERT INTO topic_passes AS p (site, made_at, reports, frequencies)
VALUES (%(site)s, %(long_ago)s, 0, '{}')
ON CONFLICT (site) DO UPDATE SET made_at = p.made_at;

-- name: sorted_seq
SELECT sorted_seq FROM topic_passes WHERE site = %(site)s;

-- name: keep_pass
UPDATE topic_passes SET reports = %(reports)s, frequencies = %(frequencies)s, sorted_seq = %(sorted_seq)s
WHERE site = %(site)s;

-- name: frequencies
SELECT reports, frequencies FROM topic_passes WHERE site = %(site)s;

-- name: alive
SELECT topic, grams, members FROM topics
WHERE site = %(site)s AND kind = 'reports' AND last_at >= %(since)s
ORDER BY last_at DESC, topic
LIMIT %(limit)s;

-- name: put
INSERT INTO topics (site, topic, kind, label, category, building, zone, grams, members, first_at, last_at)
VALUES (%(site)s, %(topic)s, %(kind)s, %(label)s, %(category)s, %(building)s, %(zone)s, %(grams)s, %(members)s,
        %(first_at)s, %(last_at)s)
ON CONFLICT (site, topic) DO UPDATE
SET grams = excluded.grams, members = excluded.members, last_at = greatest(topics.last_at, excluded.last_at);

-- name: grow
UPDATE topics SET grams = %(grams)s, members = %(members)s, last_at = greatest(last_at, %(last_at)s)
WHERE site = %(site)s AND topic = %(topic)s;

-- name: make_again
UPDATE topics SET label = %(label)s, grams = %(grams)s, members = %(members)s
WHERE site = %(site)s AND topic = %(topic)s;

-- name: said_by
SELECT t.topic, t.label, t.grams, t.members, o.title ->> 'zh' AS title,
       CASE o.channel WHEN 'open311' THEN sent.description ELSE o.text ->> 'zh' END AS told, (
    SELECT other.title ->> 'zh' FROM topic_members AS n JOIN work_orders AS other USING (site, number)
    WHERE n.site = t.site AND n.topic = t.topic AND NOT other.confidential AND other.state <> 'cancelled'
    ORDER BY n.similarity DESC, n.number LIMIT 1) AS other
FROM topic_members AS m JOIN topics AS t USING (site, topic) JOIN work_orders AS o USING (site, number)
LEFT JOIN open311_requests AS sent ON sent.site = o.site AND sent.number = o.number
WHERE m.site = %(site)s AND m.number = %(number)s
FOR UPDATE OF t SKIP LOCKED;

-- name: called_by_hidden
-- The newest first: what was looked at an hour ago needs it no more.
SELECT t.topic, t.label, o.title ->> 'zh' AS title, (
    SELECT other.title ->> 'zh' FROM topic_members AS n JOIN work_orders AS other USING (site, number)
    WHERE n.site = t.site AND n.topic = t.topic AND NOT other.confidential AND other.state <> 'cancelled'
    ORDER BY n.similarity DESC, n.number LIMIT 1) AS other
FROM work_orders AS o JOIN topic_members AS m USING (site, number) JOIN topics AS t USING (site, topic)
WHERE o.site = %(site)s AND o.confidential
ORDER BY o.updated_at DESC
LIMIT %(limit)s;

-- name: called_by
-- Topics of some orders, and what else each could be called by.
SELECT m.number, t.topic, t.label, o.title ->> 'zh' AS title, (
    SELECT other.title ->> 'zh' FROM topic_members AS n JOIN work_orders AS other USING (site, number)
    WHERE n.site = t.site AND n.topic = t.topic AND NOT other.confidential AND other.state <> 'cancelled'
      AND n.number <> ALL (%(numbers)s) AND other.title ->> 'zh' <> o.title ->> 'zh'
    ORDER BY n.similarity DESC, n.number LIMIT 1) AS other
FROM topic_members AS m JOIN topics AS t USING (site, topic) JOIN work_orders AS o USING (site, number)
WHERE m.site = %(site)s AND m.number = ANY (%(numbers)s);

-- name: call
UPDATE topics SET label = %(label)s WHERE site = %(site)s AND topic = %(topic)s;

-- name: labels
SELECT topic, label FROM topics WHERE site = %(site)s AND topic = ANY (%(topics)s);

-- name: add_member
INSERT INTO topic_members (site, number, topic, similarity, added_at)
VALUES (%(site)s, %(number)s, %(topic)s, %(similarity)s, %(at)s)
ON CONFLICT DO NOTHING;

-- name: named
SELECT t.topic, t.kind, t.label, t.category, t.building, t.zone, t.grams, t.members, t.first_at, t.last_at, t.master,
       t.master_at, o.state AS master_state
FROM topics AS t LEFT JOIN work_orders AS o ON o.site = t.site AND o.number = t.master
WHERE t.site = %(site)s AND t.topic = ANY (%(topics)s);

-- name: buildings
SELECT DISTINCT o.building FROM topic_members AS m JOIN work_orders AS o USING (site, number)
WHERE m.site = %(site)s AND m.topic = %(topic)s
LIMIT 2;

-- name: usual_grid
-- Of what is not over, as for severities.
SELECT o.grid FROM topic_members AS m JOIN work_orders AS o USING (site, number)
JOIN work_orders AS r ON r.site = o.site AND r.number = coalesce(o.merged_into, o.number)
WHERE m.site = %(site)s AND m.topic = %(topic)s AND r.state = ANY(%(not_over)s) AND NOT o.confidential
  AND NOT r.confidential AND o.grid IS NOT NULL
GROUP BY o.grid
ORDER BY count(*) DESC, o.grid COLLATE "C"
LIMIT 1;

-- name: sorted_in
-- The orders of a topic (of a stretch: the reports that it is counted by there), and whether they are hidden from who
-- asks: what is confidential by now is for few.
SELECT m.number, m.similarity, m.added_at, o.building, o.opened_at, o.state,
       o.confidential AND NOT coalesce(
           %(is_confidant)s OR o.reporter = %(me)s OR (%(is_worker)s AND o.worker = %(me)s), false) AS hidden
FROM topic_members AS m JOIN work_orders AS o USING (site, number)
WHERE m.site = %(site)s AND m.topic = %(topic)s
  AND (%(since)s::timestamptz IS NULL OR m.number IN (SELECT number FROM voices UNION ALL SELECT number FROM sensed))

-- name: how_many
SELECT count(*) AS orders, count(*) FILTER (WHERE hidden) AS hidden FROM sorted_in;

-- name: members
SELECT number, similarity, added_at, building, opened_at, state FROM sorted_in
WHERE NOT hidden AND (%(after)s::text IS NULL OR number > %(after)s)
ORDER BY number
LIMIT %(limit)s;

-- name: severities
-- Of what is not over, itself or in what it was merged into.
SELECT DISTINCT o.severity FROM topic_members AS m JOIN work_orders AS o USING (site, number)
JOIN work_orders AS r ON r.site = o.site AND r.number = coalesce(o.merged_into, o.number)
WHERE m.site = %(site)s AND m.topic = %(topic)s AND r.state = ANY(%(not_over)s) AND NOT o.confidential
  AND NOT r.confidential;

-- name: standing
-- What the reports of topics come to: themselves, or the order that they were merged into; who stands for most first.
SELECT m.topic, r.number, count(*) AS reports
FROM topic_members AS m JOIN work_orders AS o USING (site, number)
JOIN work_orders AS r ON r.site = o.site AND r.number = coalesce(o.merged_into, o.number)
WHERE m.site = %(site)s AND m.topic = ANY(%(topics)s) AND r.state = ANY(%(not_over)s) AND NOT r.confidential
  AND r.parent IS NULL
GROUP BY m.topic, r.number, r.opened_seq
ORDER BY m.topic, count(*) DESC, r.opened_seq;

-- name: unbegun
-- Reports that stand by themselves and that nobody has ever begun with, taken out again or reopened. Whoever has one in the
-- master, or reported that, says more, or speaks of something else.
SELECT t.topic, t.master, t.grams, t.members, o.number, o.title ->> 'zh' AS title,
       CASE o.channel WHEN 'open311' THEN sent.description ELSE o.text ->> 'zh' END AS told
FROM topics AS t
LEFT JOIN work_orders AS a ON a.site = t.site AND a.number = t.master
JOIN topic_members AS m ON m.site = t.site AND m.topic = t.topic
JOIN work_orders AS o ON o.site = m.site AND o.number = m.number
LEFT JOIN open311_requests AS sent ON sent.site = o.site AND sent.number = o.number
WHERE t.site = %(site)s AND t.kind = 'reports'
  AND (t.topic = ANY(%(topics)s) OR a.state = ANY(%(at_work)s) AND a.worker IS NOT NULL)
  AND o.state = ANY(%(states)s) AND o.number IS DISTINCT FROM t.master AND o.category = t.category
  AND o.building IS NOT NULL AND o.severity <> 'critical' AND NOT o.confidential AND o.parent IS NULL
  AND NOT EXISTS (SELECT FROM work_orders AS w WHERE w.site = o.site AND w.parent = o.number)
  AND NOT EXISTS (SELECT FROM work_orders AS w WHERE w.site = o.site AND w.merged_into = o.number)
  AND NOT EXISTS (SELECT FROM order_history AS h WHERE h.site = o.site AND h.number = o.number
                  AND h.action IN ('handle', 'unmerge', 'reopen'))
  AND NOT coalesce(a.state = ANY(%(at_work)s) AND o.channel <> 'open311' -- whose clients stand in for many
                   AND EXISTS (SELECT FROM work_orders AS w WHERE w.site = o.site AND w.reporter = o.reporter
                               AND (w.number = t.master OR w.merged_into = t.master)), false)
ORDER BY o.opened_seq
LIMIT %(limit)s;

-- name: set_master
UPDATE topics SET master = %(master)s, master_at = %(at)s WHERE site = %(site)s AND topic = %(topic)s;

-- name: sensor_patterns
-- Sensors of one house, or of one zone that lies in none, that raised several alerts of one kind within the stretch.
SELECT category, building, CASE WHEN building IS NULL THEN zone END AS zone, array_agg(number ORDER BY opened_seq) AS numbers,
       (array_agg(title ->> 'zh' ORDER BY opened_seq))[1] AS title, min(opened_at) AS first_at, max(opened_at) AS last_at
FROM work_orders
WHERE site = %(site)s AND origin = 'alert' AND coalesce(building, zone) IS NOT NULL AND opened_at >= %(since)s AND opened_at < %(until)s
  AND state NOT IN ('cancelled', 'merged') AND NOT confidential
GROUP BY 1, 2, 3
HAVING count(*) >= %(least)s
ORDER BY count(*) DESC, category COLLATE "C", building COLLATE "C", 3
LIMIT %(limit)s;

-- name: sensor_topic
SELECT topic FROM topics
WHERE site = %(site)s AND kind = 'sensor' AND category = %(category)s
  AND building IS NOT DISTINCT FROM %(building)s AND zone IS NOT DISTINCT FROM %(zone)s
  AND last_at >= %(since)s
ORDER BY last_at DESC
LIMIT 1;

-- name: answering
-- Topics whose master somebody works on, and which were heard of from this house, or sensors from this zone that lies in
-- none; the master of one house is that one's.
SELECT t.topic, t.kind, t.category, t.grams, t.members, t.master
FROM topics AS t JOIN work_orders AS o ON o.site = t.site AND o.number = t.master
WHERE t.site = %(site)s AND t.master IS NOT NULL AND o.state = ANY (%(at_work)s)
  AND o.worker IS NOT NULL AND (%(heard_since)s::timestamptz IS NULL OR t.last_at >= %(heard_since)s)
  AND (t.kind = 'sensor' AND (t.building = %(building)s OR t.building IS NULL AND t.zone = %(zone)s)
       OR t.kind = 'reports' AND coalesce(o.building, %(building)s) = %(building)s AND EXISTS (
           SELECT FROM topic_members AS m JOIN work_orders AS r USING (site, number)
           WHERE m.site = t.site AND m.topic = t.topic AND r.building = %(building)s))
ORDER BY t.last_at DESC
LIMIT %(limit)s;
