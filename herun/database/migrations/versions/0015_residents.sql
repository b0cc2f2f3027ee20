-- A secret address by which one order is followed without an account. Of the token only its hash is kept.
CREATE TABLE order_links (
    site text NOT NULL,
    token_hash bytea NOT NULL,
    number text NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (site, token_hash),
    FOREIGN KEY (site, number) REFERENCES work_orders
);
CREATE UNIQUE INDEX order_links_by_token ON order_links (token_hash); -- whoever follows one knows no site
CREATE INDEX order_links_by_order ON order_links (site, number);
CREATE INDEX order_links_by_end ON order_links (expires_at);

-- What the reporter is asked. At most one question of an order is open at a time; one that is forgotten lapses.
CREATE TABLE order_questions (
    site text NOT NULL,
    number text NOT NULL,
    n smallint NOT NULL,
    text text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    answer text,
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('answered', 'lapsed')),
    PRIMARY KEY (site, number, n),
    FOREIGN KEY (site, number) REFERENCES work_orders
);
CREATE UNIQUE INDEX order_questions_open ON order_questions (site, number) WHERE outcome IS NULL;
CREATE INDEX order_questions_due ON order_questions (site, until) WHERE outcome IS NULL;

-- Which share of the closed orders is looked at again; every day that is over is drawn once, with a seed that is kept.
CREATE TABLE return_visit_plans (
    site text PRIMARY KEY REFERENCES sites,
    shares jsonb NOT NULL,
    drawn_day date NOT NULL, -- the last day that was drawn
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE TABLE return_visit_draws (
    site text NOT NULL,
    day date NOT NULL,
    seed bigint NOT NULL,
    shares jsonb NOT NULL,
    closed text[] NOT NULL, -- the orders that it was drawn from: with them and the seed anybody can draw again
    drawn text[] NOT NULL,
    drawn_at timestamptz NOT NULL,
    PRIMARY KEY (site, day)
);

-- One an order and round: somebody of the desk, never who closed it, asks the reporter how it is.
CREATE TABLE order_visits (
    site text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    number text NOT NULL,
    round smallint NOT NULL,
    reason text NOT NULL CHECK (reason IN ('unsolved', 'low_score', 'sample')),
    opened_at timestamptz NOT NULL,
    outcome text CHECK (outcome IN ('solved', 'unsolved', 'silent')),
    note text,
    done_by text,
    done_at timestamptz,
    PRIMARY KEY (site, id),
    UNIQUE (site, number, round),
    FOREIGN KEY (site, number) REFERENCES work_orders
);
CREATE INDEX order_visits_open ON order_visits (site, id) WHERE outcome IS NULL;
CREATE INDEX work_orders_by_closing ON work_orders (site, closed_at) WHERE closed_at IS NOT NULL;

-- Without a number it was sent ahead and waits for its report. The picture itself lies among the objects, by its id.
CREATE TABLE pictures (
    site text NOT NULL,
    id uuid NOT NULL,
    number text,
    kind text NOT NULL CHECK (kind IN ('before', 'after', 'evidence')),
    bytes integer NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    look bigint NOT NULL, -- which of two neighbours is the brighter, 64 times: alike in pictures that look alike
    sent_by text NOT NULL,
    sent_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (site, id),
    FOREIGN KEY (site, number) REFERENCES work_orders
);
CREATE INDEX pictures_by_order ON pictures (site, number, sent_at);
CREATE INDEX pictures_by_time ON pictures (site, sent_at);
CREATE INDEX pictures_by_end ON pictures (expires_at);

-- Who called, of the orders that the desk took down.
CREATE TABLE order_callers (
    site text NOT NULL,
    number text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (site, number),
    FOREIGN KEY (site, number) REFERENCES work_orders
);

-- Besides what it had: until when the reporter may answer what they are asked.
DROP VIEW work_orders_whole;
CREATE VIEW work_orders_whole WITH (security_invoker = true) AS
SELECT o.*, r.score, r.solved, r.comment, r.speed, r.attitude, r.result, r.rater AS rated_by,
       m.state AS master_state, m.answer AS master_answer, f.workers AS pool,
       ARRAY(SELECT h.helper FROM order_helpers AS h WHERE h.site = o.site AND h.number = o.number
             ORDER BY h.added_at, h.helper) AS helpers,
       q.until AS asked_until
FROM work_orders AS o
LEFT JOIN work_orders AS m ON m.site = o.site AND m.number = o.merged_into
LEFT JOIN order_ratings AS r ON r.site = o.site AND r.number = o.number AND r.round = o.reopens
LEFT JOIN order_offers AS f ON f.site = o.site AND f.number = o.number
LEFT JOIN order_questions AS q ON q.site = o.site AND q.number = o.number AND q.outcome IS NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'order_links', 'order_questions', 'return_visit_plans', 'return_visit_draws', 'order_visits', 'pictures',
        'order_callers']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO herun_api USING (herun_sees(site))', name || '_of_site', name);
    END LOOP;
END
$$;
GRANT SELECT ON work_orders_whole TO herun_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON order_links, pictures TO herun_api;
GRANT SELECT, INSERT, UPDATE ON order_questions, return_visit_plans, order_visits TO herun_api;
-- A draw is never drawn again.
GRANT SELECT, INSERT ON return_visit_draws, order_callers TO herun_api;
