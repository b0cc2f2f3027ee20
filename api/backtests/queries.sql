-- name: lock_site
-- Counting and adding are one: two requests at once would both find room.
SELECT pg_advisory_xact_lock(hashtextextended('backtests ' || %(site)s, 0));

-- name: time_zone
SELECT time_zone FROM sites WHERE site = %(site)s;

-- name: unfinished
SELECT count(*) AS jobs FROM backtests b LEFT JOIN backtest_results r ON r.site = b.site AND r.id = b.id
WHERE b.site = %(site)s AND (r.state IS NULL OR r.state = 'running');

-- name: drop_oldest
DELETE FROM backtests WHERE site = %(site)s AND id IN (
    SELECT b.id FROM backtests b JOIN backtest_results r ON r.site = b.site AND r.id = b.id
    WHERE b.site = %(site)s AND r.state IN ('done', 'failed')
    ORDER BY b.asked_at DESC, b.id OFFSET %(keep)s
);

-- name: add
INSERT INTO backtests (site, id, job, asked_by, asked_at) VALUES (%(site)s, %(id)s, %(job)s, %(actor)s, %(at)s);

-- name: newest
SELECT b.id, b.job, b.asked_by, b.asked_at, r.state, r.began_at, r.ended_at, r.error
FROM backtests b LEFT JOIN backtest_results r ON r.site = b.site AND r.id = b.id
WHERE b.site = %(site)s AND b.job ->> 'job' = 'backtest'
ORDER BY b.asked_at DESC, b.id
LIMIT %(limit)s;

-- name: one
SELECT b.id, b.job, b.asked_by, b.asked_at, r.state, r.began_at, r.ended_at, r.error, r.result, r.performance
FROM backtests b LEFT JOIN backtest_results r ON r.site = b.site AND r.id = b.id
WHERE b.site = %(site)s AND b.id = %(id)s AND b.job ->> 'job' = 'backtest';

-- name: event_exists
SELECT event_id FROM events WHERE site = %(site)s AND device = %(device)s AND event_id = %(event_id)s LIMIT 1;

-- name: trace
SELECT r.state, r.error, r.result
FROM backtests b LEFT JOIN backtest_results r ON r.site = b.site AND r.id = b.id
WHERE b.site = %(site)s AND b.job ->> 'job' = 'trace' AND b.job ->> 'device' = %(device)s
  AND b.job ->> 'event_id' = %(event_id)s AND (r.state IS DISTINCT FROM 'failed' OR r.ended_at > %(failed_after)s)
ORDER BY b.asked_at DESC, b.id
LIMIT 1;
