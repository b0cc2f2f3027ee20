-- Notices. A step of an order writes one row a recipient with channel 'inbox', in its own transaction; from that row come,
-- a moment later, the rows of the channels by which the recipient wants to hear of it. A row is the state of its delivery.
-- It names the order and repeats nothing that a person wrote.
CREATE TABLE notices (
    site text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    recipient text NOT NULL, -- a username, or @supervisors or @unit:<unit>: the groups that robots write to
    person text,             -- the same if it is somebody of this site: with them go their notices
    channel text NOT NULL,
    target text NOT NULL,    -- which of the recipient's addresses; empty for the inbox
    cause text NOT NULL,     -- what it tells of: order:<number>:<n of its history>, deadline:<id>
    kind text NOT NULL,
    number text,
    details jsonb NOT NULL,
    urgency text NOT NULL,
    in_digest boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('new', 'waiting', 'sent', 'failed')),
    made_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    next_try_wall timestamptz NOT NULL, -- the machine's clock: a service gets no faster with the estate's
    tries smallint NOT NULL,
    ended_at timestamptz,
    failed_why text,
    read_at timestamptz,
    PRIMARY KEY (site, id),
    -- Nobody hears of one thing twice by one way.
    UNIQUE (site, recipient, channel, target, cause),
    FOREIGN KEY (site, person) REFERENCES people ON DELETE CASCADE
);
CREATE INDEX notices_new ON notices (id) WHERE state = 'new';
CREATE INDEX notices_waiting ON notices (channel, due_at, next_try_wall) WHERE state = 'waiting';
CREATE INDEX notices_failed ON notices (site, id) WHERE state = 'failed';
CREATE INDEX notices_inbox ON notices (recipient, id) WHERE channel = 'inbox';
CREATE INDEX notices_unread ON notices (recipient, id) WHERE channel = 'inbox' AND read_at IS NULL;
CREATE INDEX notices_by_day ON notices (site, recipient, made_at) WHERE channel = 'inbox';
CREATE INDEX notices_by_age ON notices (made_at);
CREATE INDEX notices_by_person ON notices (site, person) WHERE person IS NOT NULL;

-- How a person wants to be told; without a row: every way that they have an address for, quiet from 22 to 7.
CREATE TABLE notice_preferences (
    site text NOT NULL,
    username text NOT NULL,
    language text NOT NULL,
    quiet_from time NOT NULL,
    quiet_until time NOT NULL,
    digest_at time,
    muted text[] NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (site, username),
    FOREIGN KEY (site, username) REFERENCES people ON DELETE CASCADE
);

-- Personal: where a person is reached. It goes with the person, and is shown masked.
CREATE TABLE notice_addresses (
    site text NOT NULL,
    username text NOT NULL,
    channel text NOT NULL,
    target text NOT NULL,
    address jsonb NOT NULL,
    confirmed boolean NOT NULL,
    wrong_codes smallint NOT NULL DEFAULT 0,
    asked_wall timestamptz NOT NULL,
    PRIMARY KEY (site, username, channel, target),
    FOREIGN KEY (site, username) REFERENCES people ON DELETE CASCADE
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['notices', 'notice_preferences', 'notice_addresses']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO herun_api USING (herun_sees(site))', name || '_of_site', name);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON notices, notice_preferences, notice_addresses TO herun_api;
