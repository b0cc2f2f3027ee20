-- name: waiting
SELECT b.site, b.id, b.job::text AS job FROM backtests b LEFT JOIN backtest_results r ON r.site = b.site AND r.id = b.id
WHERE r.state IS NULL OR r.state = 'running'
ORDER BY b.asked_at, b.id
LIMIT %(limit)s

-- name: lock
SELECT pg_try_advisory_lock(hashtextextended('backtest ' || %(id)s::text, 0)) AS is_ours

-- name: unlock
SELECT pg_advisory_unlock(hashtextextended('backtest ' || %(id)s::text, 0))

-- name: begin
INSERT INTO backtest_results (site, id, state, attempts, began_at) VALUES (%(site)s, %(id)s, 'running', 1, %(at)s)
ON CONFLICT (site, id) DO UPDATE SET attempts = backtest_results.attempts + 1, began_at = excluded.began_at
WHERE backtest_results.state = 'running'
RETURNING attempts

-- name: give_back
UPDATE backtest_results SET attempts = attempts - 1 WHERE site = %(site)s AND id = %(id)s AND state = 'running'

-- name: end
UPDATE backtest_results
SET state = %(state)s, ended_at = %(at)s, result = %(result)s, performance = %(performance)s::jsonb, error = %(error)s
WHERE site = %(site)s AND id = %(id)s AND state = 'running'

-- name: forget_unasked
DELETE FROM backtest_results r WHERE NOT EXISTS (SELECT FROM backtests b WHERE b.site = r.site AND b.id = r.id)
