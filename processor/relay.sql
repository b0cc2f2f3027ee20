-- name: next_rows
SELECT position, n, nats_subject, payload FROM outbox WHERE partition = %(partition)s ORDER BY position, n LIMIT %(limit)s

-- name: delete_rows
DELETE FROM outbox WHERE partition = %(partition)s AND (position, n) <= (%(position)s, %(n)s)
