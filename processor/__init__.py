"""The processor: frames of the stream in, events and alerts in the database out."""
