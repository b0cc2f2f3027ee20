-- name: page
-- Personal values are looked up for the rows of the page only.
SELECT e.*, p.personal
FROM (
    SELECT site, position, n, device, event_time, event_id, event_type, recorded_time, sequence, flags, data
    FROM events
    WHERE site = %(site)s
      AND (%(position)s::bigint IS NULL OR (position, n) < (%(position)s, %(n)s))
      AND (%(device)s::text IS NULL OR device = %(device)s)
      AND (%(event_type)s::text IS NULL OR event_type = %(event_type)s)
      AND (%(after)s::timestamptz IS NULL OR event_time >= %(after)s)
      AND (%(before)s::timestamptz IS NULL OR event_time < %(before)s)
    ORDER BY position DESC, n DESC
    LIMIT %(limit)s
) AS e
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(field, value) AS personal FROM events_personal AS v
    WHERE v.site = e.site AND v.device = e.device AND v.event_time = e.event_time AND v.event_id = e.event_id
) AS p ON true
ORDER BY e.position DESC, e.n DESC;
