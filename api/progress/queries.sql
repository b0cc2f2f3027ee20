-- name: by_number
-- Over all sites: whoever asks knows a number, not a site.
SELECT number, state, master_state, opened_at, updated_at, coalesce(answer, master_answer) AS answer, contact_phone
FROM work_orders_whole
WHERE number = %(number)s;
