"""One batch: the frames taken together, and what came of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from herun import dead_letters, frames, subjects
from herun.alerts import encode_alert
from herun.dead_letters import DeadLetter, DeadLetterReason
from herun.errors import InvalidInputError
from herun.events import Event
from herun.frames import FRAME_VERSION, Control, Frame, FrameKind
from processor.engine.decisions import Decisions
from processor.intake import Received
from processor.lease import position_of

MAX_BATCH_EVENTS: Final = 2_000  # of one transaction: about 40 ms in the database
MAX_BATCH_S: Final = 0.020  # seconds of evaluation, after which what is there is committed
MAX_BATCH_FRAMES: Final = 256

STORED: Final = "stored"  # reasons of an item that is left out
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class TakenFrame:
    """A frame at its place. `unreadable` says why it could not be decoded; its items then do not exist."""

    sequence: int
    wall_us: int
    frame: Frame
    raw: bytes
    unreadable: str | None = None

    @property
    def items(self) -> int:
        return len(self.frame.events) + len(self.frame.controls)


@dataclass(slots=True)
class LeftOut:
    """Items that the engine must not see, by frame sequence and index, each with its reason."""

    reasons: dict[int, dict[int, str]] = field(default_factory=dict)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)

    def of(self, sequence: int) -> dict[int, str]:
        return self.reasons.get(sequence, {})

    def add(self, sequence: int, n: int, reason: str, error: str = "") -> None:
        self.reasons.setdefault(sequence, {})[n] = reason
        if error:
            self.errors[sequence, n] = error


@dataclass(slots=True)
class OutboxRow:
    """One message for the stream, to be relayed after the commit."""

    position: int
    n: int
    nats_subject: str
    payload: bytes


@dataclass(slots=True)
class Batch:
    """Frames in order and the decisions of each."""

    stream_epoch: int
    frames: list[TakenFrame] = field(default_factory=list)
    decisions: list[Decisions] = field(default_factory=list)
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def events(self) -> int:
        """Rows to store."""
        return sum(len(decisions.rows) for decisions in self.decisions)

    @property
    def has_outgoing(self) -> bool:
        """True if it may have outbox rows."""
        return bool(self.left_out.reasons) or any(
            taken.unreadable or decisions.alerts or decisions.refused_controls or decisions.rule_errors
            for taken, decisions in zip(self.frames, self.decisions, strict=True)
        )

    @property
    def last(self) -> TakenFrame:
        return self.frames[-1]

    def left_out_rows(self) -> Iterator[tuple[int, int, str]]:
        """(position, n, reason) of each item that was left out."""
        for taken in self.frames:
            for n, reason in sorted(self.left_out.of(taken.sequence).items()):
                yield position_of(self.stream_epoch, taken.sequence), n, reason

    def outbox_rows(self) -> list[OutboxRow]:
        """Live alert versions and dead letters in the order in which they are relayed."""
        rows: list[OutboxRow] = []
        for taken, decisions in zip(self.frames, self.decisions, strict=True):
            outgoing = [
                (subjects.alerts_subject(alert.site), encode_alert(alert))
                for alert in decisions.alerts
                if alert.mode == "live"
            ]
            outgoing += [
                (subjects.dead_letter_subject(letter.reason.value), dead_letters.encode_dead_letter(letter))
                for letter in self._dead_letters(taken, decisions)
            ]
            rows += [OutboxRow(decisions.position, n, *out) for n, out in enumerate(outgoing)]
        return rows

    def _dead_letters(self, taken: TakenFrame, decisions: Decisions) -> Iterable[DeadLetter]:
        at = decisions.recorded_us
        if taken.unreadable is not None:
            yield _letter(DeadLetterReason.BAD_FRAME, taken.unreadable, at, taken.raw)
        for n, reason in sorted(self.left_out.of(taken.sequence).items()):
            if reason == FAILED:
                item = taken.frame.events[n] if taken.frame.events else taken.frame.controls[n]
                yield _item_letter(item, self.left_out.errors.get((taken.sequence, n), ""), at)
        for _, control, detail in decisions.refused_controls:
            yield _item_letter(control, detail, at)
        for each in decisions.rule_errors:
            if each.n is not None:
                event = taken.frame.events[each.n]
                yield _item_letter(event, f"rule {each.rule_uid}: {each.error}", at, DeadLetterReason.RULE_FAILED)


def read_frame(received: Received, partition: int) -> TakenFrame:
    """The frame of a message. One that cannot be read stands as an empty frame with an id made from its bytes."""
    try:
        frame, unreadable = frames.decode(received.raw), None
    except InvalidInputError as error:
        frame, unreadable = _placeholder(received.raw, partition), error.detail
    return TakenFrame(received.sequence, received.wall_us, frame, received.raw, unreadable)


def frame_id_of(raw: bytes, partition: int) -> str:
    """The id by which a stored frame is known again."""
    try:
        return frames.decode(raw).frame_id
    except InvalidInputError:
        return _placeholder(raw, partition).frame_id


def _placeholder(raw: bytes, partition: int) -> Frame:
    frame_id = hashlib.sha256(raw).hexdigest()[:32]
    return Frame(FRAME_VERSION, partition, "", frame_id, FrameKind.EVENTS)


def _letter(reason: DeadLetterReason, detail: str, at: int, raw: bytes, **where: Any) -> DeadLetter:
    return DeadLetter(
        reason=reason,
        detail=detail[:500],
        origin="engine",
        received_at=at,
        raw=raw[: dead_letters.MAX_RAW_BYTES],
        length=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        **where,
    )


def _item_letter(
    item: Event | Control, detail: str, at: int, reason: DeadLetterReason = DeadLetterReason.ENGINE_FAILED
) -> DeadLetter:
    device = item.device if isinstance(item, Event) else None
    return _letter(reason, detail, at, msgspec.json.encode(item), site=item.site, device=device)
