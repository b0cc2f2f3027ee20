"""Workers and residents at once on a whole stack: nobody's order is opened, given out or rated twice."""

from __future__ import annotations

from pathlib import Path

from tests.load.people_bench import run
from tests.support.box import Box


def test_many_people_at_once_do_nothing_twice_and_never_wait_for_each_other(tmp_path: Path) -> None:
    with Box(tmp_path) as box:
        crowd, wrong = run(box, workers=6, residents=25)
    assert wrong == []
    assert crowd.fought > 0
    assert crowd.statuses[409] > 0  # there were others at the same moment
