"""The pure core: frames and the state before in, decisions and the state after out.

No I/O, no waiting, no clock, no log.
"""
