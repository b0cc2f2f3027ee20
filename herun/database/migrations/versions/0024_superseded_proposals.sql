-- An order that is arbitrated again speaks no more for what was decided on it before.
ALTER TABLE dispatch_proposals DROP CONSTRAINT dispatch_proposals_state_check;
ALTER TABLE dispatch_proposals ADD CONSTRAINT dispatch_proposals_state_check
    CHECK (state IN ('pending', 'accepted', 'declined', 'superseded'));
