-- name: everything
SELECT n, text, asked_by, asked_at, until, answer, outcome, ended_at FROM order_questions
WHERE site = %(site)s AND number = %(number)s
ORDER BY n;

-- name: add
INSERT INTO order_questions (site, number, n, text, asked_by, asked_at, until)
VALUES (%(site)s, %(number)s, %(n)s, %(text)s, %(actor)s, %(at)s, %(until)s);

-- name: end_open
-- Nothing comes back if none is open.
UPDATE order_questions SET answer = %(answer)s, outcome = %(outcome)s, ended_at = %(at)s
WHERE site = %(site)s AND number = %(number)s AND outcome IS NULL
RETURNING n;

-- name: lapsing
SELECT number FROM order_questions
WHERE site = %(site)s AND outcome IS NULL AND until <= %(at)s
ORDER BY until, number
LIMIT %(limit)s;

-- name: sites_with_lapsing
SELECT DISTINCT site FROM order_questions WHERE outcome IS NULL AND until <= %(at)s ORDER BY site LIMIT %(limit)s;
