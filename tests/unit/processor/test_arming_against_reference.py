"""Whatever people, doors, plans and restarts do in whatever order: arming is what the book says."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from processor.engine.arming.lookups import mode_of
from tests.unit.processor.arming_reference import Plan, Reference
from tests.unit.processor.arming_samples import BACK, CAMERA, EVERY_DAY, FRONT, ZONE, Desk, at
from tests.unit.processor.samples import SECOND_US, SITE

MODES = ["armed", "home", "night", "disarmed", "maintenance"]
FROM_MINUTE = 22 * 60 + 14  # the first full minute

minutes = st.integers(FROM_MINUTE, FROM_MINUTE + 6)
plans = st.builds(
    Plan,
    st.lists(st.tuples(st.sampled_from(MODES), minutes, minutes).filter(lambda each: each[1] != each[2]), max_size=3),
    st.sampled_from(MODES),
    st.sampled_from([0, 2, 5, 20]),
    st.sampled_from([0, 2, 5, 20]),
)
doors = st.sampled_from([FRONT, FRONT, BACK])
ago = st.integers(0, 3)
operations = st.one_of(
    st.tuples(st.just("plan"), plans),
    st.tuples(st.just("set"), st.sampled_from(MODES), st.none() | st.integers(1, 90), st.booleans()),
    st.tuples(st.just("set"), st.sampled_from(["armed", "armed", "home", "disarmed"]), st.none(), st.just(False)),
    st.tuples(st.just("open"), doors, ago),
    st.tuples(st.just("close"), doors, ago),
    st.tuples(st.just("person"), st.just(CAMERA), ago),
    st.tuples(st.just("bypass"), st.sampled_from([FRONT, BACK, CAMERA]), st.none() | st.integers(1, 60)),
    st.tuples(st.just("restart")),
)
steps = st.lists(st.tuples(st.sampled_from([0, 1, 1, 2, 3, 6, 21, 61]), operations), min_size=4, max_size=25)


def put_plan(desk: Desk, plan: Plan, now: int) -> None:
    def clock(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    windows = [
        {"days": EVERY_DAY, "from": clock(begin), "to": clock(end), "mode": mode} for mode, begin, end in plan.windows
    ]
    body = {
        "windows": windows, "otherwise": plan.otherwise, "entry_delay_s": plan.entry, "exit_delay_s": plan.leave,
        "entry_doors": [FRONT],
    }  # fmt: skip
    desk.control("arming.plan.put", desk.change() | {"plan": body}, now)


def do(desk: Desk, reference: Reference, operation: tuple[Any, ...]) -> None:
    now = reference.now
    match operation:
        case ("plan", plan):
            put_plan(desk, plan, now)
            reference.put_plan(plan)
        case ("set", mode, length, force):
            until = None if length is None else now + length
            desk.set(mode, now, until=until, force=force)
            reference.put_mode(mode, until, force=force)
        case ("bypass", device, length):
            until = None if length is None else now + length
            desk.bypass(device, now, until)
            reference.bypass(device, until)
        case ("restart",):
            desk.restart()
        case ("person", device, back):
            desk.say("person.captured", device, now - back, arrives=now)
            reference.event("person", device, now - back)
        case (kind, device, back):
            desk.say("door.opened" if kind == "open" else "door.closed", device, now - back, arrives=now)
            reference.event(kind, device, now - back)


def told(desk: Desk) -> list[tuple[str, int, str]]:
    return [each for each in desk.story if not each[0].startswith("bypass.")]


@settings(max_examples=300, deadline=None)
@given(plans, steps)
def test_arming_is_what_the_book_says(first: Plan, given_steps: list[tuple[int, tuple[Any, ...]]]) -> None:
    desk, reference = Desk(), Reference()
    do(desk, reference, ("plan", first))
    for step, operation in given_steps:
        for _ in range(step):
            reference.live()
        do(desk, reference, operation)
        desk.pass_until(reference.now)
        assert told(desk) == reference.told
        assert mode_of(desk.driver.engine.state, SITE, ZONE) == reference.mode
    for _ in range(600):
        reference.live()
    desk.pass_until(reference.now)
    assert told(desk) == reference.told
    assert desk.refused == []
    assert desk.driver.now == at(reference.now) == at(0) + reference.now * SECOND_US
