"""Migrations: numbered, forward only; each version runs the .sql file of its own name."""
