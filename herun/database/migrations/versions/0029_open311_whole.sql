-- A request whose order could not be opened is tried again, each time later, and behind those that wait for the first time.
-- `not_before` is the machine's time.
ALTER TABLE open311_requests
    ADD COLUMN failures integer NOT NULL DEFAULT 0,
    ADD COLUMN not_before timestamptz;
