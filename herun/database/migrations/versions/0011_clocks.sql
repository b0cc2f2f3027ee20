-- Limits, working hours, quiet hours and reminders of a site; without a row the defaults hold.
CREATE TABLE clock_settings (
    site text PRIMARY KEY REFERENCES sites,
    body jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);

-- One a round: opening an order makes round 0, each reopening the next. `terms` are the limits and hours of that moment:
-- what was promised does not change with the settings.
CREATE TABLE order_promises (
    site text NOT NULL,
    number text NOT NULL,
    round smallint NOT NULL,
    began_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    terms jsonb NOT NULL,
    follows text, -- the order that it is merged into, whose answer keeps this promise too
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('answered', 'dropped')),
    PRIMARY KEY (site, number, round),
    FOREIGN KEY (site, number) REFERENCES work_orders
);
CREATE INDEX order_promises_by_master ON order_promises (site, follows) WHERE follows IS NOT NULL;

-- In whose hand an order was, and what for: each turn ends where the next one begins. n is the entry of the history.
CREATE TABLE order_turns (
    site text NOT NULL,
    number text NOT NULL,
    n integer NOT NULL,
    round smallint NOT NULL,
    kind text NOT NULL,
    unit text,
    worker text,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (site, number, n),
    FOREIGN KEY (site, number) REFERENCES work_orders
);

-- From asked_at to ended_at, at most to until. It counts only once it is approved, and then from its beginning.
CREATE TABLE order_pauses (
    site text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    number text NOT NULL,
    reason text NOT NULL,
    note text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    approved boolean,
    decided_by text,
    decided_at timestamptz,
    ended_by text,
    ended_at timestamptz,
    PRIMARY KEY (site, id),
    FOREIGN KEY (site, number) REFERENCES work_orders
);
CREATE INDEX order_pauses_by_order ON order_pauses (site, number, id);

CREATE TABLE order_extensions (
    site text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    number text NOT NULL,
    round smallint NOT NULL,
    minutes integer NOT NULL,
    reason text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    approved boolean,
    decided_by text,
    decided_at timestamptz,
    PRIMARY KEY (site, id),
    FOREIGN KEY (site, number) REFERENCES work_orders
);
CREATE INDEX order_extensions_by_order ON order_extensions (site, number, id);

-- Fired once, in the order of (due_at, id). Those that were never reached are deleted when the order moves on.
CREATE TABLE order_deadlines (
    site text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    number text NOT NULL,
    kind text NOT NULL,
    step text NOT NULL,
    level text NOT NULL,
    is_escalation boolean NOT NULL,
    reached_at timestamptz NOT NULL, -- when it is so; due_at may be the morning after
    due_at timestamptz NOT NULL,
    fired_at timestamptz,
    superseded boolean NOT NULL DEFAULT false, -- a later step of the same limit was due as well: nobody was told of this one
    failure text, -- why its effect could not be had
    PRIMARY KEY (site, id),
    UNIQUE (site, number, kind, step, reached_at),
    FOREIGN KEY (site, number) REFERENCES work_orders
);
CREATE INDEX order_deadlines_pending ON order_deadlines (site, due_at, id) WHERE fired_at IS NULL;
CREATE INDEX order_deadlines_of_order ON order_deadlines (site, number, kind) WHERE fired_at IS NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'clock_settings', 'order_promises', 'order_turns', 'order_pauses', 'order_extensions', 'order_deadlines']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO herun_api USING (herun_sees(site))', name || '_of_site', name);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE ON clock_settings, order_promises, order_turns, order_pauses, order_extensions TO herun_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON order_deadlines TO herun_api;
