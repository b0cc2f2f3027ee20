-- What people want of a zone; what it is, the engine tells by events. `change` counts what the engine was told of it.
CREATE TABLE arming_zones (
    site text NOT NULL,
    zone text NOT NULL,
    change bigint NOT NULL,
    plan jsonb,
    mode text,
    mode_until timestamptz,
    forced boolean NOT NULL DEFAULT false,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    why text,
    PRIMARY KEY (site, zone),
    FOREIGN KEY (site, zone) REFERENCES zones
);

CREATE TABLE bypasses (
    site text NOT NULL,
    device text NOT NULL,
    until timestamptz NOT NULL,
    why text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (site, device),
    FOREIGN KEY (site, device) REFERENCES devices
);

CREATE TABLE service_windows (
    site text NOT NULL REFERENCES sites,
    name text NOT NULL,
    kind text NOT NULL,
    zones text[] NOT NULL,
    devices text[] NOT NULL,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    why text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (site, name)
);

CREATE TABLE calendar_decrees (
    site text NOT NULL REFERENCES sites,
    year integer NOT NULL,
    body jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (site, year)
);

CREATE TABLE arming_history (
    site text NOT NULL REFERENCES sites,
    id bigint GENERATED ALWAYS AS IDENTITY,
    subject_kind text NOT NULL CHECK (subject_kind IN ('zone', 'device', 'service_window', 'calendar')),
    subject text NOT NULL,
    action text NOT NULL,
    detail jsonb NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    why text,
    PRIMARY KEY (site, id)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['arming_zones', 'bypasses', 'service_windows', 'calendar_decrees', 'arming_history']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO herun_api USING (herun_sees(site))', name || '_of_site', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON arming_zones, bypasses, service_windows, calendar_decrees TO herun_api;
GRANT SELECT, INSERT ON arming_history TO herun_api;

-- The engine's newest words about a zone's mode and about intrusions: a handful of rows among all events.
CREATE INDEX events_of_modes ON events (site, device, position DESC, n DESC)
WHERE event_type IN ('zone.arming', 'zone.armed', 'zone.disarmed', 'arming.refused');
CREATE INDEX events_of_intrusions ON events (site, device, position DESC, n DESC)
WHERE event_type IN ('entry.begun', 'intrusion.confirmed');

-- The engine has not been told of the time zones of the sites that are there already.
INSERT INTO api_outbox (site, partition, kind, body)
SELECT site, partition, 'site.put', jsonb_build_object('time_zone', time_zone) FROM sites;
