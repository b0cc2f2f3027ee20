"""Arming: whether a zone's detections count, and which devices are out of service.

`lookups` is what the engine and its rules ask; the rest keeps what they ask about.
"""
