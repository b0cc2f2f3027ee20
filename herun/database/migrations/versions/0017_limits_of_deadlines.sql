-- When the limit itself is over: what a reminder names, whenever it is told. Null: it was fired before there was this, or
-- made by an instance of the version before. Of what is planned already the limit is the step of 100 %.
ALTER TABLE order_deadlines ADD COLUMN limit_at timestamptz;
UPDATE order_deadlines AS d
SET limit_at = coalesce(
    (SELECT max(whole.reached_at) FROM order_deadlines AS whole
     WHERE whole.site = d.site AND whole.number = d.number AND whole.kind = d.kind AND whole.step = '100%'),
    d.reached_at)
WHERE d.fired_at IS NULL;
