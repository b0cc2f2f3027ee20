"""From MQTT messages to frames of events in the stream, and commands back down. `ingest` is the sentence of it."""
