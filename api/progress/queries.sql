-- name: by_number
-- Over all sites: whoever asks knows a number, not a site.
SELECT site, number, contact_phone FROM work_orders WHERE number = %(number)s;

-- name: standing
-- The order and, if it is merged, unit and worker of the one that stands for it.
SELECT coalesce(m.unit, o.unit) AS unit, p.roles AS roles_of_worker, coalesce(m.hold_until, o.hold_until) AS hold_until,
       (SELECT h.reason FROM order_history AS h
        WHERE h.site = o.site AND h.number = coalesce(m.number, o.number) AND h.action = 'hold'
        ORDER BY h.n DESC LIMIT 1) AS held_why,
       (SELECT q.text FROM order_questions AS q
        WHERE q.site = o.site AND q.number = o.number AND q.outcome IS NULL) AS question
FROM work_orders AS o
LEFT JOIN work_orders AS m ON m.site = o.site AND m.number = o.merged_into
LEFT JOIN people AS p ON p.site = o.site AND p.username = CASE WHEN m.number IS NULL THEN o.worker ELSE m.worker END
WHERE o.site = %(site)s AND o.number = %(number)s;
