-- The API's tables. They belong to whoever migrates, so row-level security holds for herun_api without exception.
-- Times named *_at are the estate's clock, those named *_wall the machine's: sessions and limits guard against people at
-- keyboards, who live in wall time however fast the estate's clock runs.

CREATE TABLE sites (
    site text PRIMARY KEY,
    name text NOT NULL,
    partition integer NOT NULL,
    time_zone text NOT NULL,
    created_at timestamptz NOT NULL
);

-- One row a site: the last number given to an entry of order_history or alert_actions. Its row lock makes commits come in
-- the order of the numbers, so that a reader who has seen n has seen all before it.
CREATE TABLE feed_counters (
    site text PRIMARY KEY REFERENCES sites,
    feed_seq bigint NOT NULL DEFAULT 0
);

CREATE TABLE buildings (
    site text NOT NULL REFERENCES sites,
    building text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (site, building)
);

CREATE TABLE zones (
    site text NOT NULL REFERENCES sites,
    zone text NOT NULL,
    name text NOT NULL,
    building text,
    PRIMARY KEY (site, zone),
    FOREIGN KEY (site, building) REFERENCES buildings
);

CREATE TABLE grids (
    site text NOT NULL REFERENCES sites,
    grid text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (site, grid)
);

CREATE TABLE grid_buildings (
    site text NOT NULL,
    grid text NOT NULL,
    building text NOT NULL,
    PRIMARY KEY (site, grid, building),
    FOREIGN KEY (site, grid) REFERENCES grids,
    FOREIGN KEY (site, building) REFERENCES buildings
);
CREATE INDEX grid_buildings_by_building ON grid_buildings (site, building);

-- site '*': administers all sites. Usernames are unique over all sites, because signing in asks for nothing else.
CREATE TABLE people (
    site text NOT NULL,
    username text NOT NULL,
    name text NOT NULL,
    roles text[] NOT NULL,
    phone text,
    building text,
    skills text[] NOT NULL,
    password_hash text,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (site, username),
    UNIQUE (username),
    FOREIGN KEY (site, building) REFERENCES buildings
);

CREATE TABLE person_grids (
    site text NOT NULL,
    username text NOT NULL,
    grid text NOT NULL,
    PRIMARY KEY (site, grid, username),
    FOREIGN KEY (site, username) REFERENCES people,
    FOREIGN KEY (site, grid) REFERENCES grids
);
CREATE INDEX person_grids_by_person ON person_grids (site, username);

-- Counts of tries by bucket (a keyed hash of who or what was tried), so that the table is bounded however many are tried.
CREATE TABLE throttles (
    purpose text NOT NULL,
    bucket integer NOT NULL,
    tries integer NOT NULL,
    since_wall timestamptz NOT NULL,
    PRIMARY KEY (purpose, bucket)
);

-- The answer to a write, sealed, to be given again when the same key comes again.
CREATE TABLE idempotency_keys (
    site text NOT NULL,
    actor text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    response bytea,
    created_wall timestamptz NOT NULL,
    PRIMARY KEY (site, actor, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_wall);

CREATE TABLE devices (
    site text NOT NULL REFERENCES sites,
    device text NOT NULL,
    kind text NOT NULL,
    format text NOT NULL,
    external_id text,
    bridge text,
    base_topic text,
    topic_root text,
    zone text,
    building text,
    key_point text,
    direction text,
    secret_sha256 text,
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (site, device),
    FOREIGN KEY (site, bridge) REFERENCES devices DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (site, zone) REFERENCES zones,
    FOREIGN KEY (site, building) REFERENCES buildings
);
-- Over all sites: a foreign format's topics do not name the site, so two devices with one root could speak for each other.
CREATE UNIQUE INDEX devices_by_topic_root ON devices (topic_root) WHERE topic_root IS NOT NULL;
CREATE UNIQUE INDEX devices_behind_bridge ON devices (site, bridge, external_id) WHERE bridge IS NOT NULL;

CREATE TABLE rule_versions (
    site text NOT NULL REFERENCES sites,
    uid text NOT NULL,
    version integer NOT NULL,
    body jsonb, -- null: removed
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    why text,
    PRIMARY KEY (site, uid, version)
);

CREATE TABLE plate_lists (
    site text NOT NULL REFERENCES sites,
    name text NOT NULL,
    plate_hashes text[] NOT NULL,
    masked_plates text[] NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (site, name)
);

-- What people did to an alert: each at most once.
CREATE TABLE alert_actions (
    site text NOT NULL REFERENCES sites,
    alert_id uuid NOT NULL,
    action text NOT NULL CHECK (action IN ('acknowledged', 'closed')),
    actor text NOT NULL,
    at timestamptz NOT NULL,
    verdict text,
    note text,
    feed_seq bigint NOT NULL,
    PRIMARY KEY (site, alert_id, action),
    UNIQUE (site, feed_seq)
);

CREATE TABLE work_orders (
    site text NOT NULL REFERENCES sites,
    number text NOT NULL,
    origin text NOT NULL,
    state text NOT NULL,
    category text NOT NULL,
    severity text NOT NULL,
    title jsonb NOT NULL,
    text jsonb NOT NULL,
    building text,
    zone text,
    alert_id uuid,
    alert_version integer,
    alert_rule_uid text,
    alert_count integer,
    alert_cleared_at timestamptz,
    reporter text, -- no foreign key: somebody of all sites may report too
    contact_phone text,
    worker text,
    resolution text,
    answer text,
    score smallint,
    solved boolean,
    comment text,
    rated_by text,
    opened_seq bigint NOT NULL,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (site, number),
    UNIQUE (number),
    FOREIGN KEY (site, worker) REFERENCES people
);
CREATE UNIQUE INDEX work_orders_by_alert ON work_orders (site, alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX work_orders_by_opening ON work_orders (site, opened_seq);
CREATE INDEX work_orders_by_worker ON work_orders (site, worker, opened_seq);
CREATE INDEX work_orders_by_reporter ON work_orders (site, reporter, opened_seq);

CREATE TABLE order_history (
    site text NOT NULL,
    number text NOT NULL,
    n integer NOT NULL,
    action text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    worker text,
    reason text,
    feed_seq bigint NOT NULL,
    PRIMARY KEY (site, number, n),
    UNIQUE (site, feed_seq),
    FOREIGN KEY (site, number) REFERENCES work_orders
);

CREATE TABLE audit_log (
    site text NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (site, id)
);

-- Published in this order as control frames of the partition, then written to the registry bucket, then deleted.
CREATE TABLE api_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site text NOT NULL,
    partition integer NOT NULL,
    kind text NOT NULL,
    body jsonb NOT NULL,
    registry_key text,
    registry_value bytea
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'sites', 'feed_counters', 'buildings', 'zones', 'grids', 'grid_buildings', 'people', 'person_grids',
        'idempotency_keys', 'devices', 'rule_versions', 'plate_lists', 'alert_actions', 'work_orders', 'order_history',
        'audit_log', 'api_outbox']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO herun_api USING (herun_sees(site))', name || '_of_site', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON
    feed_counters, buildings, zones, grids, grid_buildings, people, person_grids, throttles, idempotency_keys, devices,
    plate_lists, api_outbox TO herun_api;
GRANT SELECT, INSERT, UPDATE ON sites, work_orders TO herun_api;
-- What happened is never rewritten.
GRANT SELECT, INSERT ON rule_versions, alert_actions, order_history, audit_log TO herun_api;
-- Readiness looks at the revision.
GRANT SELECT ON alembic_version TO herun_api;
