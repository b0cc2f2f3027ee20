-- name: page
-- The plate is that of the read that won the vote; it is looked up for the rows of the page only.
SELECT e.*, p.value AS plate
FROM (
    SELECT site, position, n, device, event_time, event_id, recorded_time, data
    FROM passage_events
    WHERE site = %(site)s AND event_type = 'passage.completed'
      AND (%(position)s::bigint IS NULL OR (position, n) < (%(position)s, %(n)s))
      AND (%(kind)s::text IS NULL OR data ->> 'kind' = %(kind)s)
      AND (%(direction)s::text IS NULL OR data ->> 'direction' = %(direction)s)
      AND (%(device)s::text IS NULL OR device = %(device)s)
      AND (%(after)s::timestamptz IS NULL OR event_time >= %(after)s)
      AND (%(before)s::timestamptz IS NULL OR event_time < %(before)s)
    ORDER BY position DESC, n DESC
    LIMIT %(limit)s
) AS e
LEFT JOIN events_personal AS p
    ON p.site = e.site AND p.device = e.data ->> 'plate_device' AND p.event_id = e.data ->> 'plate_event'
    AND p.event_time = 'epoch'::timestamptz + (e.data ->> 'plate_time')::bigint * interval '1 microsecond'
    AND p.field = 'plate'
ORDER BY e.position DESC, e.n DESC;

-- name: inside
-- Entries that an event says are inside, and none after it says are not. The plate is that of the entry's winning read.
SELECT e.*, p.value AS plate
FROM (
    SELECT o.site, o.position, o.n, o.recorded_time, split_part(o.data ->> 'opens', ':', 1) AS device,
           'epoch'::timestamptz + (o.data ->> 'opens_at')::bigint * interval '1 microsecond' AS entered_at,
           'epoch'::timestamptz + (o.data ->> 'opens_plate_time')::bigint * interval '1 microsecond' AS plate_time,
           substr(o.data ->> 'opens', strpos(o.data ->> 'opens', ':') + 1) AS plate_event
    FROM passage_events AS o
    WHERE o.site = %(site)s AND o.data ? 'opens'
      AND o.recorded_time >= %(since)s
      AND (%(position)s::bigint IS NULL OR (o.position, o.n) < (%(position)s, %(n)s))
      AND NOT EXISTS (
          SELECT FROM passage_events AS c
          WHERE c.site = o.site AND c.data ? 'closes' AND c.data ->> 'closes' = o.data ->> 'opens'
            AND (c.position, c.n) > (o.position, o.n)
          OFFSET 0 -- asked for each row: most that are inside are among the newest
      )
    ORDER BY o.position DESC, o.n DESC
    LIMIT %(limit)s
) AS e
LEFT JOIN events_personal AS p
    ON p.site = e.site AND p.device = e.device AND p.event_id = e.plate_event AND p.event_time = e.plate_time
    AND p.field = 'plate'
ORDER BY e.position DESC, e.n DESC;

-- name: counts
-- How many cars were inside after the newest event that says so, and what came and went since a time, but for drills.
SELECT
    coalesce((
        SELECT (i.data ->> 'inside')::int FROM passage_events AS i
        WHERE i.site = %(site)s AND i.data ? 'inside'
        ORDER BY i.position DESC, i.n DESC
        LIMIT 1
    ), 0) AS vehicles_inside,
    coalesce(sum((data ->> 'count')::int) FILTER (WHERE data ->> 'kind' = 'person' AND data ->> 'direction' = 'in'), 0)
        AS persons_in,
    coalesce(sum((data ->> 'count')::int) FILTER (WHERE data ->> 'kind' = 'person' AND data ->> 'direction' = 'out'), 0)
        AS persons_out,
    count(*) FILTER (WHERE data ->> 'kind' = 'vehicle' AND data ->> 'direction' = 'in') AS vehicles_in,
    count(*) FILTER (WHERE data ->> 'kind' = 'vehicle' AND data ->> 'direction' = 'out') AS vehicles_out
FROM passage_events
WHERE site = %(site)s AND event_type = 'passage.completed' AND event_time >= %(since)s
  AND flags & %(out_of_service)s = 0;

-- name: settings
SELECT settings, changed_by, changed_at FROM passage_settings WHERE site = %(site)s;

-- name: put_settings
INSERT INTO passage_settings (site, settings, changed_by, changed_at)
VALUES (%(site)s, %(settings)s, %(actor)s, %(at)s)
ON CONFLICT (site) DO UPDATE
SET settings = excluded.settings, changed_by = excluded.changed_by, changed_at = excluded.changed_at;
