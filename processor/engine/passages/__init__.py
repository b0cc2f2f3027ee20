"""Passages: several reads are one, entries and exits are pairs, and what does not fit together is found."""
