-- A site's dispatch rules, all of them in their order; each change is a version, and none is rewritten.
CREATE TABLE dispatch_books (
    site text NOT NULL REFERENCES sites,
    version integer NOT NULL,
    rules jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    why text,
    PRIMARY KEY (site, version)
);

-- The chain that is gone along when nobody fits, neighbouring grids, and what an order in hand weighs.
CREATE TABLE dispatch_settings (
    site text PRIMARY KEY REFERENCES sites,
    body jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);

-- Whose turn it was last, for each rule that goes round.
CREATE TABLE dispatch_turns (
    site text NOT NULL,
    rule text NOT NULL,
    username text NOT NULL,
    turn bigint NOT NULL,
    PRIMARY KEY (site, rule, username),
    FOREIGN KEY (site, username) REFERENCES people
);

-- Whose people somebody belongs to and when they work. A site where nobody has shifts has everybody on shift.
CREATE TABLE rosters (
    site text NOT NULL,
    username text NOT NULL,
    unit text,
    shifts jsonb,
    on_call jsonb,
    exceptions jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (site, username),
    FOREIGN KEY (site, username) REFERENCES people
);

-- Where a worker's phone last said that it is: one row each, personal, and deleted within minutes.
CREATE TABLE worker_positions (
    site text NOT NULL,
    username text NOT NULL,
    lat double precision NOT NULL, -- WGS-84
    lon double precision NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (site, username),
    FOREIGN KEY (site, username) REFERENCES people
);
CREATE INDEX worker_positions_by_age ON worker_positions (at);

-- Orders that several people may take; once somebody has it, `until` is null.
CREATE TABLE order_offers (
    site text NOT NULL,
    number text NOT NULL,
    workers text[] NOT NULL,
    until timestamptz,
    PRIMARY KEY (site, number),
    FOREIGN KEY (site, number) REFERENCES work_orders
);
CREATE INDEX order_offers_open ON order_offers (site, until) WHERE until IS NOT NULL;

-- Why an order went to whom: what was known when entry n of its history was written.
CREATE TABLE order_choices (
    site text NOT NULL,
    number text NOT NULL,
    n integer NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (site, number, n),
    FOREIGN KEY (site, number) REFERENCES work_orders
);

CREATE TABLE order_helpers (
    site text NOT NULL,
    number text NOT NULL,
    helper text NOT NULL,
    added_by text NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (site, number, helper),
    FOREIGN KEY (site, number) REFERENCES work_orders,
    FOREIGN KEY (site, helper) REFERENCES people
);
CREATE INDEX order_helpers_by_helper ON order_helpers (site, helper, added_at);

-- What arbiters decided, as the rule that would have decided so.
CREATE TABLE dispatch_proposals (
    site text NOT NULL REFERENCES sites,
    id bigint GENERATED ALWAYS AS IDENTITY,
    category text NOT NULL,
    building text,
    grid text,
    worker text NOT NULL,
    unit text,
    numbers text[] NOT NULL,
    reason text,
    state text NOT NULL CHECK (state IN ('pending', 'accepted', 'declined')),
    made_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    PRIMARY KEY (site, id)
);
CREATE UNIQUE INDEX dispatch_proposals_pending ON dispatch_proposals (site, category, coalesce(building, ''), worker)
    WHERE state = 'pending';

-- What somebody has in hand is counted at every dispatch: the index holds open orders only, however many are over.
CREATE INDEX work_orders_in_hand ON work_orders (site, worker, state) WHERE state IN ('dispatched', 'handling');

DROP VIEW work_orders_whole;
-- An order with its rating of this round, how the order stands that it is merged into, who may take it, and who helps.
CREATE VIEW work_orders_whole WITH (security_invoker = true) AS
SELECT o.*, r.score, r.solved, r.comment, r.speed, r.attitude, r.result, r.rater AS rated_by,
       m.state AS master_state, m.answer AS master_answer, f.workers AS pool,
       ARRAY(SELECT h.helper FROM order_helpers AS h WHERE h.site = o.site AND h.number = o.number
             ORDER BY h.added_at, h.helper) AS helpers
FROM work_orders AS o
LEFT JOIN work_orders AS m ON m.site = o.site AND m.number = o.merged_into
LEFT JOIN order_ratings AS r ON r.site = o.site AND r.number = o.number AND r.round = o.reopens
LEFT JOIN order_offers AS f ON f.site = o.site AND f.number = o.number;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'dispatch_books', 'dispatch_settings', 'dispatch_turns', 'rosters', 'worker_positions', 'order_offers',
        'order_choices', 'order_helpers', 'dispatch_proposals']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO herun_api USING (herun_sees(site))', name || '_of_site', name);
    END LOOP;
END
$$;
GRANT SELECT ON work_orders_whole TO herun_api;
GRANT SELECT, INSERT ON dispatch_books TO herun_api; -- what was in force is never rewritten
GRANT SELECT, INSERT, UPDATE ON dispatch_settings, order_choices, dispatch_proposals TO herun_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    dispatch_turns, rosters, worker_positions, order_offers, order_helpers TO herun_api;
