ALTER TABLE work_orders
    ADD COLUMN channel text NOT NULL DEFAULT 'account',
    ADD COLUMN confidential boolean NOT NULL DEFAULT false,
    ADD COLUMN unit text,
    ADD COLUMN grid text,
    ADD COLUMN lat double precision, -- WGS-84
    ADD COLUMN lon double precision,
    ADD COLUMN address text,
    ADD COLUMN attributes jsonb,
    ADD COLUMN parent text,
    ADD COLUMN merged_into text,
    ADD COLUMN state_before text, -- of an order that is on hold
    ADD COLUMN hold_until timestamptz,
    ADD COLUMN returns smallint NOT NULL DEFAULT 0,
    ADD COLUMN transfers smallint NOT NULL DEFAULT 0,
    ADD COLUMN reopens smallint NOT NULL DEFAULT 0,
    ADD COLUMN arbitrated boolean NOT NULL DEFAULT false,
    ADD COLUMN accepted_at timestamptz, -- these are of the present round
    ADD COLUMN dispatched_at timestamptz,
    ADD COLUMN handled_at timestamptz,
    ADD COLUMN arrived_at timestamptz,
    ADD COLUMN resolved_at timestamptz,
    ADD COLUMN answered_at timestamptz,
    ADD COLUMN closed_at timestamptz,
    ADD FOREIGN KEY (site, parent) REFERENCES work_orders,
    ADD FOREIGN KEY (site, merged_into) REFERENCES work_orders;
UPDATE work_orders SET channel = 'alert' WHERE origin = 'alert';
CREATE INDEX work_orders_by_parent ON work_orders (site, parent) WHERE parent IS NOT NULL;
CREATE INDEX work_orders_by_master ON work_orders (site, merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX work_orders_by_state ON work_orders (site, state, opened_seq);
CREATE INDEX work_orders_by_origin ON work_orders (site, origin, opened_seq);
CREATE INDEX work_orders_by_building ON work_orders (site, building, opened_seq) WHERE origin = 'alert';
CREATE INDEX work_orders_answered ON work_orders (site, answered_at) WHERE state = 'answered';
CREATE INDEX work_orders_on_hold ON work_orders (site, hold_until) WHERE state = 'on_hold';

-- One rating an order and round: a reopened order is rated anew, what was said of the rounds before stays.
CREATE TABLE order_ratings (
    site text NOT NULL,
    number text NOT NULL,
    round smallint NOT NULL,
    rater text NOT NULL,
    score smallint NOT NULL CHECK (score BETWEEN 1 AND 5), -- satisfied
    solved boolean NOT NULL,
    comment text,
    speed smallint CHECK (speed BETWEEN 1 AND 5),
    attitude smallint CHECK (attitude BETWEEN 1 AND 5),
    result smallint CHECK (result BETWEEN 1 AND 5),
    at timestamptz NOT NULL,
    PRIMARY KEY (site, number, round),
    FOREIGN KEY (site, number) REFERENCES work_orders
);
INSERT INTO order_ratings (site, number, round, rater, score, solved, comment, at)
SELECT site, number, 0, rated_by, score, solved, comment, updated_at FROM work_orders
WHERE score IS NOT NULL AND solved IS NOT NULL AND rated_by IS NOT NULL;
ALTER TABLE work_orders DROP COLUMN score, DROP COLUMN solved, DROP COLUMN comment, DROP COLUMN rated_by;

-- What has to be done, or looked at, before an order is resolved.
CREATE TABLE order_checklist (
    site text NOT NULL,
    number text NOT NULL,
    item smallint NOT NULL,
    text text NOT NULL,
    required boolean NOT NULL,
    done_by text,
    done_at timestamptz,
    PRIMARY KEY (site, number, item),
    FOREIGN KEY (site, number) REFERENCES work_orders
);

-- An order with its rating of this round and with how the order stands that it is merged into.
CREATE VIEW work_orders_whole WITH (security_invoker = true) AS
SELECT o.*, r.score, r.solved, r.comment, r.speed, r.attitude, r.result, r.rater AS rated_by,
       m.state AS master_state, m.answer AS master_answer
FROM work_orders AS o
LEFT JOIN work_orders AS m ON m.site = o.site AND m.number = o.merged_into
LEFT JOIN order_ratings AS r ON r.site = o.site AND r.number = o.number AND r.round = o.reopens;

-- Each entry's hash is of itself and of the site's entry before it: whoever changes one has to change all that follow.
ALTER TABLE order_history ADD COLUMN detail jsonb, ADD COLUMN hash bytea;
ALTER TABLE feed_counters ADD COLUMN history_hash bytea;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['order_ratings', 'order_checklist'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO herun_api USING (herun_sees(site))', name || '_of_site', name);
    END LOOP;
END
$$;
GRANT SELECT ON work_orders_whole TO herun_api;
-- What was said is never rewritten.
GRANT SELECT, INSERT ON order_ratings TO herun_api;
GRANT SELECT, INSERT, UPDATE ON order_checklist TO herun_api;
