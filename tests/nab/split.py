"""Which files of the Numenta Anomaly Benchmark parameters may be tuned on, and which they are only judged by.

Fixed before any tuning: by a hash of the file's name, so that nobody chose. The even half is for tuning.
"""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath


def is_for_tuning(path: str) -> bool:
    """True for the half with an even sha256 of the file's name (`nyc_taxi.csv`, without its folder)."""
    name = PurePosixPath(path).name
    return hashlib.sha256(name.encode()).digest()[-1] % 2 == 0
