"""The cool-down in whatever order things come: the alerts are those of the true order, by event time."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from herun.alerts import Alert, Correction
from processor.engine.cooling import MAX_ALERTS
from tests.unit.processor.driving import Driver
from tests.unit.processor.reference import Answer, Seen, cooled
from tests.unit.processor.samples import SECOND_US, START_US, event, put_device, put_list, put_rule, rule
from tests.unit.processor.test_kinds import newest as newest_versions

COOLDOWN: Final = 20
LATENESS: Final = 3600
STEPS: Final = [1, 5, 19, 20, 21, 39, 40, 60]  # seconds from one event to the next
TEXTS: Final = {"text": {"zh": "{value} 第 {count} 次", "en": "{value}, {count} times"}}
PRESSED: Final = rule(
    "pressed", "event", types=("button.pressed",), key="zone", cooldown_s=COOLDOWN, lateness_s=LATENESS, **TEXTS,
    field="value",
)  # fmt: skip
LISTED: Final = rule(
    "listed", "plate_list", types=("vehicle.passed",), plate_list="wanted", cooldown_s=COOLDOWN, lateness_s=LATENESS,
    key="plate",
)  # fmt: skip


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


def play(body: dict[str, Any], story: list[Seen], order: list[int], *, restarts: bool = False) -> Driver:
    """Events arrive in this order, each at once; the last of them may have happened a quarter of an hour ago."""
    driver = Driver(
        *(put_device(device, zone="z", kind="barrier_camera") for device in ("d1", "d2")),
        put_list("wanted", "h1"),
        put_rule(body),
    )
    driver.now = at(900)
    for n in order:
        seen = story[n]
        data = {"value": seen.value, "plate_hash": "h1"}
        made = event(f"e{n}", at(seen.second), device=seen.device, event_type=seen.event_type, data=data)
        driver.events(made, at=driver.now + SECOND_US)
        if restarts:
            driver.restart()
    return driver


def newest(driver: Driver) -> list[Alert]:
    """What people see in the end."""
    kept = [alert for alert in newest_versions(driver) if alert.correction is not Correction.WITHDRAWN]
    return sorted(kept, key=lambda alert: alert.raised_at)


def told(driver: Driver) -> list[tuple[int, int, int]]:
    return [
        ((alert.raised_at - START_US) // SECOND_US, (alert.updated_at - START_US) // SECOND_US, alert.count)
        for alert in newest(driver)
    ]


@st.composite
def stories(draw: st.DrawFn, types: list[str], steps: list[int] = STEPS) -> tuple[list[Seen], list[int]]:
    """Events, no two at one time, and an order in which they come, some twice; never of more alerts than are kept."""
    second, story = 0, []
    for step in draw(st.lists(st.sampled_from(steps), max_size=20)):
        second += step
        if second > (MAX_ALERTS + 1) * COOLDOWN:
            break
        device, kind = draw(st.sampled_from(["d1", "d2"])), draw(st.sampled_from(types))
        story.append(Seen(second, device, kind, draw(st.integers(0, 9))))
    order = draw(st.permutations(range(len(story))))
    again = draw(st.lists(st.sampled_from(order), max_size=6)) if order else []
    return story, [*order, *again]


@settings(deadline=None, max_examples=150)
@given(stories(["button.pressed"]), st.booleans())
def test_presses_make_the_same_alerts_in_any_order(told_as: tuple[list[Seen], list[int]], restarts: bool) -> None:
    story, order = told_as
    driver = play(PRESSED, story, order, restarts=restarts)
    expected = cooled([(each.second, None) for each in story], COOLDOWN)
    assert told(driver) == expected
    values = {each.second: each.value for each in story}
    assert [alert.text["en"] for alert in newest(driver)] == [
        f"{values[last]}, {count} times" for _, last, count in expected
    ]


@settings(deadline=None, max_examples=100)
@given(stories(["vehicle.passed"]), st.booleans())
def test_passages_of_a_listed_plate_make_the_same_alerts_in_any_order(
    told_as: tuple[list[Seen], list[int]], restarts: bool
) -> None:
    story, order = told_as
    expected = cooled([(each.second, None) for each in story], COOLDOWN)
    assert told(play(LISTED, story, order, restarts=restarts)) == expected


IN_AND_OUT: Final = rule(
    "sequence", "sequence", types=("door.opened", "door.closed"), key="zone", cooldown_s=COOLDOWN, lateness_s=LATENESS,
    within_s=15, steps=[{"event_types": ["door.opened"]}, {"event_types": ["door.closed"]}],
)  # fmt: skip


def opened_and_closed(story: list[Seen]) -> Answer:
    """A door is closed within 15 s since it was opened last."""
    found: Answer = []
    opened: int | None = None
    for each in story:
        if each.event_type == "door.opened":
            opened = each.second
        elif opened is not None and each.second - opened <= 15:
            found.append((each.second, None))
            opened = None
    return found


@settings(deadline=None, max_examples=200)
@given(stories(["door.opened", "door.closed"], [1, 2, 3, 5, 9, 14, 20]), st.booleans())
def test_sequences_make_the_same_alerts_in_any_order(told_as: tuple[list[Seen], list[int]], restarts: bool) -> None:
    """What is late takes some back, too."""
    story, order = told_as
    assert told(play(IN_AND_OUT, story, order, restarts=restarts)) == cooled(opened_and_closed(story), COOLDOWN)
