"""Python's garbage collector in a process that lives long."""

from __future__ import annotations

import gc


def settle() -> None:
    """Takes all that is loaded now out of the collector's rounds: it stays, and looking through it again and again
    takes up to a fifth of a second each time, in the middle of whatever is at hand.

    What dies is freed all the same, but for circles; these are found when this is called again.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
