"""The state of passages: it survives, can be taken back, is bounded, and holds no plate."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herun.events import Event
from herun.frames import FRAME_VERSION, Frame, FrameKind
from processor.engine import snapshot
from processor.engine.passages import people, records, vehicles
from processor.engine.passages.findings import name_of
from processor.engine.state import State
from tests.unit.processor.passages.gates import HOUR, MINUTE, Estate, at, control, entries_inside, hashes
from tests.unit.processor.samples import SITE, put_device

PLATES = ("测A12345", "测A1H345", "测A12346", "测BXY890", "无牌", "京W0DO8B2Z")
FACES = ("f" * 32, "a" * 32, "")
PLACES = (put_device("hall", kind="pedestrian_camera", zone="north"), put_device("arm", kind="barrier", zone="south"))
CARE = {
    "resident": "r1",
    "hours": 1,
    "consent": {"by": "Wang", "at": 1},
    "devices": ["hall"],
    "face_hashes": [FACES[0]],
}

Told = tuple[str, str, float, dict[str, Any]]  # device, type, second, data


def anything(chance: random.Random, second: float) -> Told:
    """Whatever a gate, a door or a camera may say."""
    device = chance.choice(("north-in", "north-out", "south-in", "south-out"))
    kind = chance.random()
    if kind < 0.6:
        confidence = chance.choice(({}, {"confidence": chance.random()}, {"confidence": chance.randint(-5, 200)}))
        way = {"direction": chance.choice((device.rsplit("-")[1], device.rsplit("-")[1], "up"))}
        return device, "vehicle.passed", second, {**hashes(chance.choice(PLATES)), **confidence, **way}
    if kind < 0.75:
        body = {"count": chance.choice((1, 3, 0.2, -7, 1e15)), "face_id_hash": chance.choice(FACES)}
        return "hall", "person.captured", second, {**body, "direction": chance.choice(("in", "out", "x"))}
    if kind < 0.9:
        position = {"position": chance.choice(("open", "closed", "between", "?"))}
        return chance.choice((device, "arm")), "gate.moved", second, position
    return "hall", chance.choice(("door.opened", "door.closed")), second, {}


def register(chance: random.Random, second: float) -> Any:
    """Whatever people may change meanwhile."""
    made = hashes("测A12345")
    until = at(second + chance.choice((-60, 600, 7200)))
    permit = {"visitor": chance.choice("vw"), "plate_fold": made["plate_fold"], "valid_from": 0, "valid_until": until}
    listed = {"name": "l", "hashes": [made["plate_hash"]], "folds": [], "nears": ["".join(made["plate_near"])]}
    kind, body = chance.choice(
        (
            ("visitor.put", permit),
            ("visitor.removed", {"visitor": "v", "plate_fold": made["plate_fold"]}),
            ("passages.put", {"overstay_hours": chance.choice((0.05, 1)), "warm_up_hours": 0, "lateness_minutes": 3}),
            ("list.put", listed),
            ("care.put", CARE),
            ("care.removed", {"resident": "r1"}),
        )
    )
    return control(kind, body, f"c{second}")


def live(chance: random.Random, steps: int, *, restarts: bool) -> Estate:
    """A stretch of anything at all; restarting changes none of it."""
    estate, second = Estate(*PLACES), 0.0
    for n in range(steps):
        second += chance.choice((0.5, 3, 30, 200, 1500))
        if chance.random() < 0.08:
            estate.control(register(chance, second), at=max(estate.now, at(second)))
        device, event_type, told_at, body = anything(chance, second - chance.choice((0, 0, 0, 5, 100, 900)))
        estate.say(device, event_type, told_at, arrives=second, n=n, **body)
        if restarts and n % 7 == 0:
            estate.restart()
    estate.wait(5 * HOUR)
    cars = estate.engine.state.passages.vehicles.values()
    assert entries_inside(estate) == {name_of(car.base) for car in cars if car.inside and car.base}
    return estate


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 120))
def test_a_restart_changes_nothing(seed: int, steps: int) -> None:
    one = live(random.Random(seed), steps, restarts=False)
    other = live(random.Random(seed), steps, restarts=True)
    assert one.found == other.found
    assert one.engine.state.passages == other.engine.state.passages
    assert len({(event.device, event.event_id) for event in one.found}) == len(one.found)  # none is stored twice


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_not_committed_can_be_taken_back(seed: int) -> None:
    chance = random.Random(seed)
    estate, second = Estate(*PLACES), 0.0
    for n in range(60):
        second += chance.choice((0.5, 3, 30, 200, 1500))
        device, event_type, told_at, body = anything(chance, second)
        stored = snapshot.restore(snapshot.compress(snapshot.pack(estate.engine.state)), snapshot.FORMAT_VERSION)
        event = Event(SITE, device, f"e{n}", event_type, 1, at(told_at), json.dumps(body))
        for frame in (
            Frame(FRAME_VERSION, 0, "t", "x", FrameKind.EVENTS, [event]),
            Frame(FRAME_VERSION, 0, "t", "y", FrameKind.TICK),
        ):
            estate.engine.apply(frame, 10**6, at(second + 5000))
        estate.engine.rollback()
        assert estate.engine.state == stored
        estate.say(device, event_type, told_at, n=n, **body)


def test_no_plate_is_in_the_state_nor_in_what_is_derived() -> None:
    estate = live(random.Random(7), 300, restarts=True)
    everything = snapshot.pack(estate.engine.state).decode("latin-1") + repr(estate.engine.state) + repr(estate.found)
    for plate in PLATES:
        for text in (plate, plate[1:], plate.encode().decode("latin-1")):
            assert text not in everything
    assert all(event.personal is None for event in estate.found)
    assert len(estate.found) > 100


def test_beyond_the_limit_the_car_longest_unseen_is_forgotten_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vehicles, "MAX_VEHICLES", 5)
    estate = Estate()
    for n in range(8):
        estate.read("north-in", f"测{n}{n}{n}XY{n}Z", n * MINUTE)
    estate.wait(20 * MINUTE)
    counts = estate.engine.state.passages.occupancy[SITE]
    assert (counts.vehicles_inside, counts.remembered, counts.forgotten) == (5, 5, 3)
    assert [finding for finding, _, _ in estate.findings()] == ["forgotten"] * 3
    closed = {json.loads(event.data).get("closes") for event in estate.found} - {None}
    assert closed == {passage["opens"] for passage in estate.passages()[:3]}


def test_beyond_the_limit_the_face_longest_unseen_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "MAX_SIGHTINGS", 3)
    estate = Estate(*PLACES)
    for n in range(10):
        estate.say("hall", "person.captured", n, face_id_hash=f"{n:032x}")
    kept = {face for _, _, face in estate.engine.state.passages.sightings}
    assert kept == {f"{n:032x}" for n in (7, 8, 9)}


def test_a_car_that_never_left_is_forgotten_in_the_end() -> None:
    estate = Estate()
    estate.read("north-in", "测A12345", 0)
    estate.wait(HOUR)
    estate.tick(at(90 * 24 * HOUR + 100))
    assert (estate.inside, estate.engine.state.passages.vehicles, estate.engine.state.due) == (0, {}, {})


def test_the_window_of_a_crowd_holds_no_more_than_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    estate = Estate(*PLACES)
    for n in range(records.MAX_CAPTURES + 50):
        estate.say("hall", "person.captured", n * 0.1, count=1)
    (window,) = estate.engine.state.passages.crowds.values()
    assert len(window.captures) == records.MAX_CAPTURES


def test_a_snapshot_from_before_there_were_passages_can_be_read() -> None:
    import msgspec

    old = msgspec.msgpack.decode(snapshot.pack(State()))
    del old["passages"]
    assert snapshot.restore(snapshot.compress(msgspec.msgpack.encode(old)), snapshot.FORMAT_VERSION) == State()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("passages.put", {"merge_s": 0}),
        ("passages.put", {"unknown": 1}),
        ("visitor.put", {"visitor": "v"}),
        ("visitor.put", {"visitor": "v", "plate_fold": "", "valid_from": 0, "valid_until": 1}),
        ("care.put", {"resident": "r", "hours": 0, "consent": {"by": "x", "at": 1}}),
        ("care.put", {"resident": "r", "hours": 1, "consent": {"by": "", "at": 1}}),
        ("care.removed", {}),
    ],
)
def test_a_control_that_is_not_as_agreed_is_refused_and_changes_nothing(kind: str, body: dict[str, Any]) -> None:
    estate = Estate()
    before = repr(estate.engine.state.passages)
    frame = Frame(FRAME_VERSION, 0, "t", "f", FrameKind.CONTROL, [], [control(kind, body)])
    assert len(estate.engine.apply(frame, 99, estate.now).refused_controls) == 1
    assert repr(estate.engine.state.passages) == before
