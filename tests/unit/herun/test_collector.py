"""What is settled costs nothing to look through, and is freed all the same."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from herun.collector import settle


class Ring:
    """An object that holds itself."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_is_loaded_is_looked_through_no_more() -> None:
    ring = Ring()
    settle()
    assert gc.get_freeze_count() > 0
    assert all(each is not ring for each in gc.get_objects())


def test_a_circle_that_was_settled_is_found_the_next_time() -> None:
    ring = weakref.ref(Ring())
    settle()
    assert ring() is None
    kept = Ring()
    ring = weakref.ref(kept)
    settle()
    del kept
    gc.collect()
    assert ring() is not None
    settle()
    assert ring() is None
