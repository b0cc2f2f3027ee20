"""What all services share: the event catalogue, frames, streams, settings, clock, metrics and the database."""

__version__ = "0.1.0"
