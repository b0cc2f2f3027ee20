-- Where a building stands, WGS-84; both or neither.
ALTER TABLE buildings
    ADD COLUMN lat double precision,
    ADD COLUMN lon double precision,
    ADD CHECK ((lat IS NULL) = (lon IS NULL));
