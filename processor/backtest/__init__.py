"""The same engine over stored rows: what a rule would have said, and why an event did or did not raise."""
