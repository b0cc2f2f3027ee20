-- The promise of the newest round, kept with the order by whoever keeps its clocks: figures read a hundred thousand.
ALTER TABLE work_orders ADD COLUMN promised_at timestamptz;
UPDATE work_orders AS o
SET promised_at = (SELECT p.due_at FROM order_promises AS p WHERE p.site = o.site AND p.number = o.number
                   ORDER BY p.round DESC LIMIT 1);

-- The first time that a worker began, whatever round the order is in now.
CREATE INDEX order_history_beginnings ON order_history (site, number, at) WHERE action = 'handle';

-- What was published is never rewritten: nobody but the owner may.
CREATE TABLE bulletins (
    site text NOT NULL REFERENCES sites,
    week text COLLATE "C" NOT NULL, -- 2026-W20
    body jsonb NOT NULL,
    hash text NOT NULL, -- SHA-256 of the body as canonical JSON
    sources jsonb NOT NULL, -- numbers of the orders that its examples and pairs came of
    frozen_by text NOT NULL,
    frozen_at timestamptz NOT NULL,
    PRIMARY KEY (site, week)
);
CREATE TABLE bulletin_orders (
    site text NOT NULL,
    week text COLLATE "C" NOT NULL,
    number text NOT NULL, -- collated as in work_orders, or no index would join them
    category text NOT NULL,
    merged_into text,
    PRIMARY KEY (site, week, number),
    FOREIGN KEY (site, week) REFERENCES bulletins DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE topics (
    site text NOT NULL REFERENCES sites,
    topic text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('reports', 'sensor')),
    label text NOT NULL,
    category text NOT NULL,
    building text, -- of a sensor's pattern
    grams jsonb NOT NULL, -- in how many members each stands
    members integer NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    master text, -- the number of the order that answers later reporters
    master_at timestamptz,
    PRIMARY KEY (site, topic)
);
CREATE INDEX topics_by_last ON topics (site, last_at);
CREATE INDEX topics_with_master ON topics (site, last_at) WHERE master IS NOT NULL;

-- An order is of one topic, for ever: that is what keeps a topic's id.
CREATE TABLE topic_members (
    site text NOT NULL,
    number text NOT NULL, -- collated as in work_orders, or no index would join them
    topic text COLLATE "C" NOT NULL,
    similarity real NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (site, number),
    FOREIGN KEY (site, topic) REFERENCES topics
);
CREATE INDEX topic_members_by_topic ON topic_members (site, topic, number);

-- The last pass over a site's reports, and how many of them had each piece of text.
CREATE TABLE topic_passes (
    site text PRIMARY KEY REFERENCES sites,
    made_at timestamptz NOT NULL,
    reports integer NOT NULL,
    frequencies jsonb NOT NULL
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['bulletins', 'bulletin_orders', 'topics', 'topic_members', 'topic_passes'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO herun_api USING (herun_sees(site))', name || '_of_site', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT ON bulletins, bulletin_orders, topic_members TO herun_api;
GRANT SELECT, INSERT, UPDATE ON topics, topic_passes TO herun_api;
