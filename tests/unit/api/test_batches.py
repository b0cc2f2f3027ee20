"""Controls fit into frames, and keep their order."""

from __future__ import annotations

import msgspec
import pytest

from api.outbox import service
from api.outbox.service import batches
from api.outbox.store import OutboxRow


def row(number: int, partition: int = 0, size: int = 10) -> OutboxRow:
    return OutboxRow(number, "s1", partition, "rule.put", {"text": "x" * size}, None, None)


def test_nothing_makes_no_frame() -> None:
    assert list(batches([])) == []


def test_many_controls_of_a_partition_are_one_frame() -> None:
    ((partition, controls),) = batches([row(number) for number in range(500)])
    assert partition == 0
    assert [control.control_id for control in controls] == [f"s1-{number}" for number in range(500)]


def test_each_partition_has_frames_of_its_own_and_keeps_its_order() -> None:
    found = {
        partition: [c.control_id for c in controls] for partition, controls in batches([row(1, 1), row(2), row(3, 1)])
    }
    assert found == {0: ["s1-2"], 1: ["s1-1", "s1-3"]}


def test_no_frame_is_larger_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_FRAME_BYTES", 1000)
    frames = [controls for _, controls in batches([row(number, size=300) for number in range(10)])]
    assert all(sum(len(msgspec.msgpack.encode(control)) for control in controls) <= 1000 for controls in frames)
    assert [control.control_id for controls in frames for control in controls] == [f"s1-{n}" for n in range(10)]


def test_a_control_that_is_larger_alone_still_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_FRAME_BYTES", 100)
    assert [len(controls) for _, controls in batches([row(1, size=500), row(2, size=500)])] == [1, 1]


def test_a_control_that_no_frame_can_hold_keeps_back_no_other() -> None:
    boom = OutboxRow(2, "s1", 0, "rule.put", {"raise_above": 10**20}, None, None)
    ((_, controls),) = batches([row(1), boom, row(3)])
    assert [control.control_id for control in controls] == ["s1-1", "s1-3"]
    assert list(batches([boom])) == []
