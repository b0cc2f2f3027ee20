-- Lists of orders by how severe they are and how they came in, newest first: each filter walks an index of its own.
CREATE INDEX work_orders_by_severity ON work_orders (site, severity, opened_seq);
CREATE INDEX work_orders_by_channel ON work_orders (site, channel, opened_seq);
-- What was opened after the end of a time is passed over within the index, without a look at the orders.
DROP INDEX work_orders_by_opening;
CREATE INDEX work_orders_by_opening ON work_orders (site, opened_seq, opened_at);
