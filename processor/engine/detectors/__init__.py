"""Detectors: what is unusual for one series, told by that series' own history.

A series is whatever one rule keeps under one key: a sensor's readings, a gate's passages. A detector says how far
outside of the usual range something is (contract.py); a rest makes one alarm of an anomaly (rest.py); the calibration
turns it into "how many a week would be as strong", which is what a threshold is given in (calibration.py). watch.py
joins them.

All of it is causal (an answer depends on nothing that came later), bounded (a series' memory does not grow) and pure.
"""
