-- The last report that a pass has looked at, in the order in which they were opened: what came after it waits.
ALTER TABLE topic_passes ADD COLUMN sorted_seq bigint NOT NULL DEFAULT 0;
