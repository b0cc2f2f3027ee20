-- Alerts that hide others, what late events corrected, and which orders they open.
ALTER TABLE alerts
    ADD COLUMN merged_into uuid,
    ADD COLUMN merged_count integer NOT NULL DEFAULT 0,
    ADD COLUMN order_category text,
    ADD COLUMN correction text;
-- What the list filters by, in its own order.
CREATE INDEX alerts_by_rule ON alerts (site, rule_uid, first_position, first_n);
CREATE INDEX alerts_by_device ON alerts (site, device, first_position, first_n);
CREATE INDEX alerts_by_master ON alerts (site, merged_into, first_position, first_n) WHERE merged_into IS NOT NULL;
CREATE INDEX alerts_by_time ON alerts (site, raised_at);
CREATE INDEX alert_actions_by_verdict ON alert_actions (site, verdict, alert_id) WHERE action = 'closed';

-- What rules in monitor mode would have raised, in the current version: nobody is alerted of it.
CREATE TABLE monitored_alerts (
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
    text jsonb NOT NULL,
    PRIMARY KEY (site, alert_id)
);
CREATE INDEX monitored_alerts_by_rule ON monitored_alerts (site, rule_uid, raised_at);
CREATE INDEX monitored_alerts_by_age ON monitored_alerts (updated_at);
ALTER TABLE monitored_alerts OWNER TO herun_processor;
ALTER TABLE monitored_alerts ENABLE ROW LEVEL SECURITY;
CREATE POLICY monitored_alerts_of_site ON monitored_alerts FOR SELECT TO herun_api USING (herun_sees(site));
GRANT SELECT ON monitored_alerts TO herun_api;

-- The device that a device hangs on (a switch); unnamed, it is its bridge.
ALTER TABLE devices
    ADD COLUMN uplink text,
    ADD FOREIGN KEY (site, uplink) REFERENCES devices DEFERRABLE INITIALLY DEFERRED;
