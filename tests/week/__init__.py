"""A simulated week of 400 sensors with known anomalies: what the detectors find, miss and make up."""
