-- Also whether a passage was of a drill: it says who is inside, and is in no count.
CREATE OR REPLACE VIEW passage_events AS
SELECT site, device, event_time, event_id, event_type, recorded_time, position, n, data, flags FROM events
WHERE event_type IN ('passage.completed', 'passage.flagged') AND herun_sees(site);
