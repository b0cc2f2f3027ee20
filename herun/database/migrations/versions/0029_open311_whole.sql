-- A request whose order could not be opened is tried again, each time later, and behind those that wait for the first time.
-- `not_before` is the machine's time.
ALTER TABLE open311_requests
    ADD COLUMN failures integer NOT NULL DEFAULT 0,
    ADD COLUMN not_before timestamptz;

-- What comes with an update belongs to that, and not to the request as it was sent in.
ALTER TABLE open311_media
    ADD COLUMN update_id text,
    ADD FOREIGN KEY (site, update_id) REFERENCES open311_updates;
CREATE INDEX open311_media_by_update ON open311_media (site, update_id) WHERE update_id IS NOT NULL;

-- As 0022 has it, with the place of the order itself: what came by another channel has one too.
CREATE OR REPLACE VIEW open311_orders WITH (security_invoker = true) AS
SELECT o.site, o.number, o.origin, o.category, o.text, o.building, o.unit, o.opened_at, o.opened_seq, o.merged_into,
       CASE WHEN m.number IS NULL THEN o.state ELSE open311_state(m.state, m.confidential) END AS state,
       CASE WHEN m.confidential THEN NULL ELSE coalesce(m.answer, o.answer) END AS answer,
       CASE WHEN m.confidential AND open311_state(m.state, true) = 'merged' THEN o.updated_at
            ELSE greatest(o.updated_at, m.updated_at) END AS updated_at,
       m.number AS master,
       -- Not coalesce(), which the planner counts among what might leak: under row security it would use no index then.
       CASE WHEN m.number IS NULL THEN o.number ELSE m.number END AS source,
       m.number IS NOT NULL AND m.confidential AS is_hidden,
       o.address, o.lat, o.lon
FROM work_orders AS o
LEFT JOIN work_orders AS m ON m.site = o.site AND m.number = o.merged_into
WHERE NOT o.confidential AND o.parent IS NULL AND o.origin IN ('report', 'alert')
  AND o.channel <> 'pattern';
