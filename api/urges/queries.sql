-- name: last
-- By its own reporter: with the detail `follower`, be it null, it was the reporter of a merged order.
SELECT max(at) AS at FROM order_history
WHERE site = %(site)s AND number = %(number)s AND action = %(action)s AND NOT coalesce(detail ? 'follower', false);
