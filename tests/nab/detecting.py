"""Runs the default detector over files of (time, value), in the form that the benchmark's scorer reads."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from processor.engine.detectors.default import Default
from processor.engine.detectors.hours import WeekHours
from processor.engine.detectors.rest import Rest, rested

SECOND_US: Final = 1_000_000
DETECTOR: Final = "herun"
_HOURS: Final = WeekHours(UTC, None)


@dataclass(slots=True)
class Cost:
    """What the detector cost: processor time over all values, and the largest stream in memory."""

    values: int = 0
    seconds: float = 0.0
    most_bytes: int = 0

    @property
    def us_per_event(self) -> float:
        """Microseconds a value."""
        return self.seconds * SECOND_US / self.values


def size_of(value: Any) -> int:
    """Bytes of a state in memory: the object with all that it refers to, as the interpreter counts them."""
    size = sys.getsizeof(value)
    if isinstance(value, msgspec.Struct):
        return size + sum(size_of(getattr(value, name)) for name in value.__struct_fields__)
    return size + sum(map(size_of, value)) if isinstance(value, tuple) else size


def strengths(series: Iterable[tuple[int, float]], cost: Cost) -> list[float]:
    """The strength of each value, from 0 to 1, after rest; times in seconds UTC."""
    detector, rest = Default(), Rest()
    state, found = detector.start(), []
    timed = [(at * SECOND_US, value, _HOURS.at(at * SECOND_US)) for at, value in series]
    began = time.process_time()
    for at_us, value, hour in timed:
        strength = 0.0
        state, score = detector.observe(state, at_us, value, hour)
        if score.excess > 0:
            rest, strength = rested(rest, at_us, score.excess)
        found.append(strength)
    cost.seconds += time.process_time() - began
    cost.values += len(timed)
    cost.most_bytes = max(cost.most_bytes, size_of(state) + size_of(rest))
    return found


def read_file(path: Path) -> list[tuple[str, str]]:
    """The rows of a data file without its head: time as written, value as written."""
    with path.open(encoding="utf-8") as file:
        return [(row[0], row[1]) for row in list(csv.reader(file))[1:]]


def write_results(data: Path, results: Path, relative: str, cost: Cost) -> None:
    """One file's results of this detector, and of the null detector, by which the scorer scales."""
    rows = read_file(data / relative)
    series = [(int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()), float(value)) for at, value in rows]
    half = [0.5] * len(rows)
    for name, scores in ((DETECTOR, strengths(series, cost)), ("null", half)):
        target = results / name / Path(relative).parent / f"{name}_{Path(relative).name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("timestamp", "value", "anomaly_score"))
            writer.writerows((at, value, repr(score)) for (at, value), score in zip(rows, scores, strict=True))
