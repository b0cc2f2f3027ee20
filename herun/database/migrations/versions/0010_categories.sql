-- Every version of a site's tree; the newest is in force. A site without any has the tree that Herun brings along.
CREATE TABLE category_trees (
    site text NOT NULL REFERENCES sites,
    version integer NOT NULL,
    digest text NOT NULL,
    body jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    why text,
    PRIMARY KEY (site, version)
);

-- What people's corrections and closed orders teach: one sentence an order, redacted, the newest of each category kept.
-- `seq` grows with each lesson, so that a model can tell whether it has learned the last.
CREATE TABLE category_examples (
    site text NOT NULL,
    number text NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    category text NOT NULL,
    text text NOT NULL,
    source text NOT NULL CHECK (source IN ('correction', 'closed')),
    taught_at timestamptz NOT NULL,
    PRIMARY KEY (site, number),
    FOREIGN KEY (site, number) REFERENCES work_orders
);
CREATE INDEX category_examples_by_seq ON category_examples (site, seq);
CREATE INDEX category_examples_by_category ON category_examples (site, category, seq);

-- What was suggested for an order and what was chosen: the first when it was sent in, the others by correction.
CREATE TABLE category_choices (
    site text NOT NULL,
    number text NOT NULL,
    n integer NOT NULL,
    suggested jsonb,
    chosen text NOT NULL,
    chosen_by text NOT NULL,
    at timestamptz NOT NULL,
    reason text,
    PRIMARY KEY (site, number, n),
    FOREIGN KEY (site, number) REFERENCES work_orders
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['category_trees', 'category_examples', 'category_choices']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO herun_api USING (herun_sees(site))', name || '_of_site', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, DELETE ON category_examples TO herun_api;
-- What happened is never rewritten.
GRANT SELECT, INSERT ON category_trees, category_choices TO herun_api;
