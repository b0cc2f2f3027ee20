-- Lists of orders by how severe they are and how they came in, newest first: each filter walks an index of its own.
CREATE INDEX work_orders_by_severity ON work_orders (site, severity, opened_seq);
CREATE INDEX work_orders_by_channel ON work_orders (site, channel, opened_seq);
