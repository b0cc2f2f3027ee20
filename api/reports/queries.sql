-- name: phone_of
SELECT phone FROM people WHERE site = %(site)s AND username = %(actor)s;

-- name: add_caller
INSERT INTO order_callers (site, number, name) VALUES (%(site)s, %(number)s, %(name)s);

-- name: caller
SELECT name FROM order_callers WHERE site = %(site)s AND number = %(number)s;
