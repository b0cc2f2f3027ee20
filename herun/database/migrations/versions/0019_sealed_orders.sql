-- The first entry of an order's history has a hash of what it was opened with and of this. Whoever erases the order's
-- words erases its salt: the hash, which stays, tells nothing then. Who reads orders has no use for it.
ALTER TABLE work_orders ADD COLUMN salt bytea;

-- The last entry from before there was a chain; whatever comes after it without a hash was tampered with. A site that is
-- opened from now on has none.
ALTER TABLE feed_counters ADD COLUMN unchained_to bigint NOT NULL DEFAULT 0;
UPDATE feed_counters AS f SET unchained_to = coalesce(
    (SELECT max(h.feed_seq) FROM order_history AS h WHERE h.site = f.site AND h.hash IS NULL), 0);
