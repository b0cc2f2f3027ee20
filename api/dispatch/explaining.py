"""A choice as people read it, and as it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from api.categories.tree import HandledBy
from api.dispatch import words
from api.dispatch.choice import Choice, Looked, Passed
from api.dispatch.schemas import Explanation, LookedAt, PassedOver

MAX_TOLD: Final = 50  # people of one stage who are listed by name


def explained(
    choice: Choice,
    book_version: int,
    at: datetime,
    failed: Mapping[str, str],
    *,
    handled_by: HandledBy = "grid",
    untaken_by: int = 0,
) -> Explanation:
    """The choice with its reasons, in words and numbers. `untaken_by`: so many might have taken it before, in time."""
    return Explanation(
        at=at,
        handled_by=handled_by,
        untaken_by=untaken_by,
        rule=choice.rule,
        book_version=book_version,
        mode=choice.mode,
        stage=choice.stage,
        worker=choice.worker,
        pool=list(choice.pool),
        words=words.of_choice(choice, untaken_by),
        load=choice.load,
        distance_m=choice.distance_m,
        failed=dict(failed),
        looked=[_looked(each) for each in choice.looked],
    )


def _looked(looked: Looked) -> LookedAt:
    return LookedAt(
        stage=looked.stage,
        words=words.STAGES[looked.stage],
        fitting=looked.fitting,
        passed_over=[_passed(each) for each in looked.passed[:MAX_TOLD]],
        more=max(0, len(looked.passed) - MAX_TOLD),
    )


def _passed(passed: Passed) -> PassedOver:
    return PassedOver(
        worker=passed.worker,
        why=passed.why,
        words=words.of_passed(passed),
        load=passed.numbers.get("load"),
        distance_m=passed.numbers.get("distance_m"),
    )
