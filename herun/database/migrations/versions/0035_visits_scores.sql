-- As in a rating: of five, null where it was not asked or answered.
ALTER TABLE order_visits
    ADD COLUMN score smallint CHECK (score BETWEEN 1 AND 5),
    ADD COLUMN speed smallint CHECK (speed BETWEEN 1 AND 5),
    ADD COLUMN attitude smallint CHECK (attitude BETWEEN 1 AND 5),
    ADD COLUMN result smallint CHECK (result BETWEEN 1 AND 5);
