-- name: page
SELECT e.position, e.n, e.device, e.event_time, e.event_id, e.event_type, e.recorded_time, e.sequence, e.flags, e.data,
       p.personal
FROM events AS e
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(field, value) AS personal FROM events_personal AS v
    WHERE v.site = e.site AND v.device = e.device AND v.event_time = e.event_time AND v.event_id = e.event_id
) AS p ON true
WHERE e.site = %(site)s
  AND (%(position)s::bigint IS NULL OR (e.position, e.n) < (%(position)s, %(n)s))
  AND (%(device)s::text IS NULL OR e.device = %(device)s)
  AND (%(event_type)s::text IS NULL OR e.event_type = %(event_type)s)
  AND (%(after)s::timestamptz IS NULL OR e.event_time >= %(after)s)
  AND (%(before)s::timestamptz IS NULL OR e.event_time < %(before)s)
ORDER BY e.position DESC, e.n DESC
LIMIT %(limit)s;
