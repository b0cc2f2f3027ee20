-- A site's passages in order, how many are inside, and which entries are or are not any more. Partial: other events pay nothing.
CREATE INDEX events_passages ON events (site, position, n) WHERE event_type = 'passage.completed';
CREATE INDEX events_passages_by_time ON events (site, event_time) WHERE event_type = 'passage.completed';
CREATE INDEX events_counting ON events (site, position, n)
    WHERE event_type IN ('passage.completed', 'passage.flagged') AND data ? 'inside';
CREATE INDEX events_opening ON events (site, position, n)
    WHERE event_type IN ('passage.completed', 'passage.flagged') AND data ? 'opens';
CREATE INDEX events_closing ON events (site, (data ->> 'closes'))
    WHERE event_type IN ('passage.completed', 'passage.flagged') AND data ? 'closes';

-- The same rows that the policy of events lets through. Through the policy itself no index on what data holds is used,
-- because the operators of jsonb might leak; these queries are our own.
CREATE VIEW passage_events AS
SELECT site, device, event_time, event_id, event_type, recorded_time, position, n, data FROM events
WHERE event_type IN ('passage.completed', 'passage.flagged') AND herun_sees(site);
ALTER VIEW passage_events OWNER TO herun_processor;
GRANT SELECT ON passage_events TO herun_api;

-- How a site's passages are judged; no row: as herun/passages.py says.
CREATE TABLE passage_settings (
    site text PRIMARY KEY REFERENCES sites,
    settings jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);

-- Announced visits. The plate itself is kept nowhere: only what stands for it, and how it is shown.
CREATE TABLE visitors (
    site text NOT NULL REFERENCES sites,
    visitor text NOT NULL,
    plate_fold text NOT NULL,
    masked_plate text NOT NULL,
    whom text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (site, visitor)
);
CREATE INDEX visitors_by_end ON visitors (valid_until);

-- Residents who agreed to be looked for when nothing has seen them for so long. Taken back, the row is gone.
CREATE TABLE care_agreements (
    site text NOT NULL REFERENCES sites,
    resident text NOT NULL,
    name text NOT NULL,
    hours double precision NOT NULL,
    devices text[] NOT NULL,
    face_hashes text[] NOT NULL,
    consent_by text NOT NULL,
    consent_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (site, resident)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['passage_settings', 'visitors', 'care_agreements'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY %I ON %I TO herun_api USING (herun_sees(site))', name || '_of_site', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON passage_settings, visitors, care_agreements TO herun_api;
