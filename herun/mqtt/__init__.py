"""MQTT 3.1.1 and 5 without I/O: bytes in, packets out, and back. OASIS mqtt-v3.1.1-os and mqtt-v5.0-os."""
