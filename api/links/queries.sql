-- name: add
INSERT INTO order_links (site, token_hash, number, made_by, made_at, expires_at)
VALUES (%(site)s, %(token_hash)s, %(number)s, %(actor)s, %(at)s, %(expires_at)s);

-- name: living
SELECT count(*) AS links FROM order_links WHERE site = %(site)s AND number = %(number)s AND expires_at > %(at)s;

-- name: revoke
DELETE FROM order_links WHERE site = %(site)s AND number = %(number)s;

-- name: by_token
-- Over all sites: whoever follows a link knows no site.
SELECT site, number FROM order_links WHERE token_hash = %(token_hash)s AND expires_at > %(at)s;

-- name: forget
DELETE FROM order_links WHERE ctid IN (SELECT ctid FROM order_links WHERE expires_at <= %(before)s LIMIT %(limit)s);
