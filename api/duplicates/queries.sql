-- name: open_orders
-- Of the newest orders of the site; what was opened before is not found, however much there is of it. Their words are
-- those of `compared_words`.
SELECT o.number, o.category, o.words ->> 'zh' AS text, o.building, o.zone, o.lat, o.lon,
       o.address, o.opened_at,
       ARRAY(SELECT p.look FROM pictures AS p WHERE p.site = o.site AND p.number = o.number LIMIT 20) AS looks
FROM (SELECT site, number, category, CASE origin WHEN 'alert' THEN title ELSE text END AS words, building, zone, lat, lon,
             address, severity, state, opened_at, opened_seq, confidential, parent
      FROM work_orders WHERE site = %(site)s ORDER BY opened_seq DESC LIMIT %(newest)s) AS o
WHERE o.opened_at >= %(since)s AND o.state = ANY(%(states)s) AND NOT o.confidential AND o.parent IS NULL
  AND o.severity = ANY(%(severities)s)
  AND o.number IS DISTINCT FROM %(but)s
ORDER BY o.opened_seq DESC;

-- name: looks_of_waiting
SELECT look FROM pictures
WHERE site = %(site)s AND id = ANY(%(ids)s) AND number IS NULL AND sent_by = %(actor)s;

-- name: looks_of_order
SELECT look FROM pictures WHERE site = %(site)s AND number = %(number)s;
