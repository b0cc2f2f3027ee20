-- Lists of orders by what the desk asks for, newest first: each filter walks an index of its own.
CREATE INDEX work_orders_by_category ON work_orders (site, category, opened_seq);
CREATE INDEX work_orders_by_unit ON work_orders (site, unit, opened_seq) WHERE unit IS NOT NULL;
CREATE INDEX work_orders_by_grid ON work_orders (site, grid, opened_seq) WHERE grid IS NOT NULL;
DROP INDEX work_orders_by_building; -- of alerts only; the new one serves these as well
CREATE INDEX work_orders_by_building ON work_orders (site, building, opened_seq) WHERE building IS NOT NULL;
CREATE INDEX work_orders_by_phone ON work_orders (site, contact_phone, opened_seq) WHERE contact_phone IS NOT NULL;
-- What is late is looked for among what somebody has to do: thousands, however many orders there are.
CREATE INDEX work_orders_open ON work_orders (site, opened_seq)
    WHERE state NOT IN ('answered', 'rated', 'closed', 'merged', 'cancelled');

-- What each order that could be drawn was at the draw: a correction later changes it. Null: drawn before this was kept.
ALTER TABLE return_visit_draws ADD COLUMN orders jsonb;

-- Of which kinds alone a person hears by a channel; one that is not named tells all.
ALTER TABLE notice_preferences ADD COLUMN only_kinds jsonb NOT NULL DEFAULT '{}';
