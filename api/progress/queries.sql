-- name: by_number
-- Over all sites: whoever asks knows a number, not a site.
SELECT number, state, opened_at, updated_at, answer, contact_phone FROM work_orders WHERE number = %(number)s;
