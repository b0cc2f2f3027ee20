-- As in a rating: of five, null where it was not asked or answered.
ALTER TABLE order_visits
    ADD COLUMN score smallint,
    ADD COLUMN speed smallint,
    ADD COLUMN attitude smallint,
    ADD COLUMN result smallint;
