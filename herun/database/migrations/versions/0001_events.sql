-- Two roles that nobody logs in as: each service sets its own at connect, so that every table has one writer.
-- herun_processor owns its tables, because COPY does not go through row-level security; herun_api sees them through it.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'herun_processor') THEN
        CREATE ROLE herun_processor NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'herun_api') THEN
        CREATE ROLE herun_api NOLOGIN;
    END IF;
    EXECUTE format('GRANT herun_processor, herun_api TO %I', current_user);
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO herun_processor', current_schema());
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO herun_api', current_schema());
END
$$;

-- May this session see rows of this site? Unset: nothing. '*': system tasks.
CREATE FUNCTION herun_sees(row_site text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT row_site = current_setting('herun.site', true) OR current_setting('herun.site', true) = '*'
$$;

-- position = (stream epoch << 42) | stream sequence of the frame, n = index in the frame: the order in which they were processed.
CREATE TABLE events (
    site text NOT NULL,
    device text NOT NULL,
    event_time timestamptz NOT NULL,
    event_id text NOT NULL,
    event_type text NOT NULL,
    schema_version smallint NOT NULL,
    recorded_time timestamptz NOT NULL,
    position bigint NOT NULL,
    n integer NOT NULL,
    sequence bigint,
    flags smallint NOT NULL,
    data jsonb NOT NULL,
    PRIMARY KEY (site, device, event_time, event_id)
);
CREATE INDEX events_by_position ON events (site, position, n);

CREATE TABLE events_personal (
    site text NOT NULL,
    device text NOT NULL,
    event_time timestamptz NOT NULL,
    event_id text NOT NULL,
    field text NOT NULL,
    class text NOT NULL,
    value text NOT NULL,
    recorded_time timestamptz NOT NULL,
    PRIMARY KEY (site, device, event_time, event_id, field)
);
CREATE INDEX events_personal_by_age ON events_personal (recorded_time);

-- One row a partition: who owns it, and how far it has come. Every transaction of the owner updates it where all match.
CREATE TABLE partitions (
    partition integer PRIMARY KEY,
    owner text NOT NULL,
    owner_epoch bigint NOT NULL,
    lease_until timestamptz NOT NULL,
    stream_created text NOT NULL,
    stream_epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    frame_id text NOT NULL,
    engine_time timestamptz NOT NULL,
    purged_below bigint NOT NULL  -- sequence: the stream has no longer every frame of the partition before it
);

-- Which sites have shown up in a partition, so that its state can be rebuilt from their stored events.
CREATE TABLE partition_sites (
    partition integer NOT NULL,
    site text NOT NULL,
    PRIMARY KEY (site, partition)
);

-- Items of frames that the engine never saw: stored before (reason 'stored') or refused as dead letters ('failed').
-- A replay leaves out the same ones.
CREATE TABLE left_out (
    partition integer NOT NULL,
    position bigint NOT NULL,
    n integer NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (partition, position, n)
);

CREATE TABLE snapshots (
    partition integer NOT NULL,
    stream_epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    format_version integer NOT NULL,
    taken_at timestamptz NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (partition, stream_epoch, sequence)
);

CREATE TABLE control_frames (
    site text NOT NULL,
    partition integer NOT NULL,
    position bigint NOT NULL,
    n integer NOT NULL,
    control_id text NOT NULL,
    kind text NOT NULL,
    body jsonb NOT NULL,
    recorded_time timestamptz NOT NULL,
    PRIMARY KEY (site, position, n)
);
CREATE INDEX control_frames_by_partition ON control_frames (partition, position, n);

-- The current version of each alert; alert_versions holds all of them.
CREATE TABLE alerts (
    site text NOT NULL,
    alert_id uuid NOT NULL,
    version integer NOT NULL,
    rule_uid text NOT NULL,
    rule_version integer NOT NULL,
    key text NOT NULL,
    state text NOT NULL,
    severity text NOT NULL,
    category text NOT NULL,
    raised_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    cleared_at timestamptz,
    count integer NOT NULL,
    device text,
    zone text,
    building text,
    opens_order boolean NOT NULL,
    title jsonb NOT NULL,
    text jsonb NOT NULL,
    cause jsonb NOT NULL,
    first_position bigint NOT NULL,
    first_n integer NOT NULL,
    PRIMARY KEY (site, alert_id)
);
CREATE INDEX alerts_by_position ON alerts (site, first_position, first_n);

CREATE TABLE alert_versions (
    site text NOT NULL,
    alert_id uuid NOT NULL,
    version integer NOT NULL,
    position bigint NOT NULL,
    n integer NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (site, alert_id, version)
);
CREATE INDEX alert_versions_by_position ON alert_versions (site, position, n);

-- Relayed in this order to nats_subject, then deleted.
CREATE TABLE outbox (
    partition integer NOT NULL,
    position bigint NOT NULL,
    n integer NOT NULL,
    nats_subject text NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (partition, position, n)
);

ALTER TABLE events OWNER TO herun_processor;
ALTER TABLE events_personal OWNER TO herun_processor;
ALTER TABLE partitions OWNER TO herun_processor;
ALTER TABLE partition_sites OWNER TO herun_processor;
ALTER TABLE left_out OWNER TO herun_processor;
ALTER TABLE snapshots OWNER TO herun_processor;
ALTER TABLE control_frames OWNER TO herun_processor;
ALTER TABLE alerts OWNER TO herun_processor;
ALTER TABLE alert_versions OWNER TO herun_processor;
ALTER TABLE outbox OWNER TO herun_processor;

ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE events_personal ENABLE ROW LEVEL SECURITY;
ALTER TABLE partition_sites ENABLE ROW LEVEL SECURITY;
ALTER TABLE control_frames ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY events_of_site ON events FOR SELECT TO herun_api USING (herun_sees(site));
CREATE POLICY events_personal_of_site ON events_personal FOR SELECT TO herun_api USING (herun_sees(site));
CREATE POLICY control_frames_of_site ON control_frames FOR SELECT TO herun_api USING (herun_sees(site));
CREATE POLICY alerts_of_site ON alerts FOR SELECT TO herun_api USING (herun_sees(site));
CREATE POLICY alert_versions_of_site ON alert_versions FOR SELECT TO herun_api USING (herun_sees(site));
GRANT SELECT ON events, events_personal, control_frames, alerts, alert_versions, partitions TO herun_api;
