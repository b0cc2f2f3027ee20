-- name: phone_of
SELECT phone FROM people WHERE site = %(site)s AND username = %(actor)s;
