-- What a replay of rows cannot see in them, because frames without events are not stored: how far a gateway had listened
-- when a control came (null in rows from before this), and when nobody did. The frame at `position` ended the outage.
ALTER TABLE control_frames ADD COLUMN listened timestamptz;
ALTER TABLE partitions ADD COLUMN listened timestamptz; -- as engine_time: now

-- The engine's time when it told a version: the frame's, or when the timer was due (null in rows from before this).
ALTER TABLE alert_versions ADD COLUMN told_at timestamptz;

CREATE TABLE outages (
    partition integer NOT NULL,
    position bigint NOT NULL,
    began timestamptz NOT NULL,
    ended timestamptz NOT NULL,
    PRIMARY KEY (partition, position)
);
ALTER TABLE outages OWNER TO herun_processor;

-- The API asks, the processor answers: each writes its own table.
CREATE TABLE backtests (
    site text NOT NULL REFERENCES sites,
    id uuid NOT NULL,
    job jsonb NOT NULL, -- herun.backtests
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (site, id)
);
CREATE INDEX backtests_by_age ON backtests (asked_at, id);

CREATE TABLE backtest_results (
    site text NOT NULL,
    id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    attempts integer NOT NULL, -- a processor that was killed is one
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    result text, -- JSON, byte for byte the same for the same input
    performance jsonb,
    error text,
    PRIMARY KEY (site, id)
);
ALTER TABLE backtest_results OWNER TO herun_processor;

ALTER TABLE backtests ENABLE ROW LEVEL SECURITY;
ALTER TABLE backtest_results ENABLE ROW LEVEL SECURITY;
CREATE POLICY backtests_of_site ON backtests TO herun_api USING (herun_sees(site));
CREATE POLICY backtests_for_the_processor ON backtests FOR SELECT TO herun_processor USING (true);
CREATE POLICY backtest_results_of_site ON backtest_results FOR SELECT TO herun_api USING (herun_sees(site));
GRANT SELECT, INSERT, DELETE ON backtests TO herun_api;
GRANT SELECT ON backtests TO herun_processor;
GRANT SELECT ON backtest_results TO herun_api;
