"""The engine alone, in one process: what an event costs with 10, 1,000 and 10,000 rules, and what a key takes.

`make bench` runs it after the whole chain; `make bench-engine` alone. BENCH_ENGINE_EVENTS (default 200,000) events of
an estate's mix go through each rule book, in frames of 100; each meets three rules. Writes its table to
docs/performance.md. Figures are of the process's own CPU time.
"""

from __future__ import annotations

import gc
import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psutil

from herun.events import Event
from herun.frames import FRAME_VERSION, Control, Frame, FrameKind
from processor.engine import snapshot
from processor.engine.engine import Engine
from processor.engine.state import State
from tests.load import report

SITE: Final = "s1"
DEVICES: Final = 450
ZONES: Final = 60
START_US: Final = 1_790_000_000_000_000
FRAME_EVENTS: Final = 100
BOOKS: Final = (10, 1_000, 10_000)
METRICS: Final = ("temperature", "humidity", "level")
KEYS: Final = 100_000
SHARES: Final = {"reading.reported": 0.80, "state.reported": 0.12, "vehicle.passed": 0.05, "door.opened": 0.03}


def rules(count: int) -> Iterator[dict[str, Any]]:
    """Three rules for each metric, of which an event of an estate meets three; the rest look elsewhere."""
    for metric in METRICS:
        where = {"metric": metric}
        yield _rule(f"high-{metric}", "threshold", where, raise_above=90, clear_below=80)
        yield _rule(f"long-{metric}", "true_for", where, condition="data.value > 70", duration_s=600)
        yield _rule(f"often-{metric}", "count", where, key="zone", condition="data.value > 95", count=5, window_s=60)
    for n in range(count - 3 * len(METRICS)):
        yield _elsewhere(n)


def _elsewhere(n: int) -> dict[str, Any]:
    """One of the many: by device, by zone, or for the whole site by another metric, as people write them."""
    device, zone = {"devices": [f"d{n % DEVICES}"]}, {"zones": [f"z{n % ZONES}"]}
    match n % 5:
        case 0 | 1:
            return _rule(f"own-{n}", "threshold", {"metric": f"other-{n % 7}"}, scope=device, raise_above=5)
        case 2:
            return _rule(
                f"zone-{n}", "count", {"metric": f"rare-{n % 11}"}, scope=zone, key="zone", count=3, window_s=60
            )
        case 3:
            return _rule(
                f"site-{n}", "count", {}, condition=f'data.metric == "m{n}" && data.value > 3', count=3, window_s=60
            )
        case _:
            match = {"event_types": ["object.detected"], "where": {"label": f"label-{n}"}}
            return _rule(f"seen-{n}", "count", {}, count=2, window_s=30) | {"match": match}


def _rule(
    uid: str, kind: str, where: dict[str, Any], *, scope: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    texts = {"title": {"zh": uid, "en": uid}, "text": {"zh": "{value}", "en": "{value}"}}
    match = {"event_types": ["reading.reported"], "where": where, **(scope or {})}
    return {"uid": uid, "kind": kind, **texts, "category": "load", "opens_order": False, "match": match, **more}


def control(kind: str, body: dict[str, Any]) -> Control:
    return Control(SITE, f"{kind}-{body.get('uid', body.get('device'))}", kind, body)


def started(count: int) -> Engine:
    """An engine with the estate's devices and so many rules."""
    engine = Engine(State())
    devices = [
        control("device.put", {"device": f"d{n}", "zone": f"z{n % ZONES}", "building": f"b{n % 19}"})
        for n in range(DEVICES)
    ]
    for controls in (devices, [control("rule.put", body) for body in rules(count)]):
        engine.apply(Frame(FRAME_VERSION, 0, "b", "b", FrameKind.CONTROL, [], controls), 0, START_US)
        engine.commit()
    return engine


def frames(events: int, seed: int = 1) -> list[Frame]:
    """The estate's mix: readings of three metrics, some of them high; states, cars and doors that meet no rule here."""
    chance = random.Random(seed)
    types, weights = list(SHARES), list(SHARES.values())
    made: list[Frame] = []
    for first in range(0, events, FRAME_EVENTS):
        batch = []
        for n in range(first, first + FRAME_EVENTS):
            (event_type,) = chance.choices(types, weights)
            data: dict[str, Any] = {"metric": chance.choice(METRICS), "value": chance.random() * 100, "unit": "u"}
            if event_type != "reading.reported":
                data = {"name": "pump", "value": "running", "direction": "in"}
            at = START_US + n * 1_000
            device = f"d{chance.randrange(DEVICES)}"
            batch.append(Event(SITE, device, f"e{n}", event_type, 1, at, json.dumps(data)))
        made.append(Frame(FRAME_VERSION, 0, "b", f"f{first}", FrameKind.EVENTS, batch))
    return made


def cost(count: int, made: list[Frame]) -> dict[str, float]:
    """CPU microseconds of an event and of a rule's evaluation, the latter by the difference to no rules at all."""
    engine = started(count)
    before = time.process_time()
    for position, frame in enumerate(made, 1):
        engine.apply(frame, position, frame.events[-1].event_time)
        engine.commit()
    seconds = time.process_time() - before
    events = len(made) * FRAME_EVENTS
    met = 3 * SHARES["reading.reported"] * events
    return {"us_per_event": seconds / events * 1e6, "evaluations_per_s": met / seconds}


def rule_bytes(count: int) -> float:
    """Resident bytes that a compiled rule takes."""
    gc.collect()
    before = psutil.Process().memory_info().rss
    engine = started(count)
    taken = psutil.Process().memory_info().rss - before
    del engine
    return taken / count


def key_bytes(keys: int) -> tuple[float, float]:
    """Resident and stored bytes of a key that only events know: a count of six, five events in its window.

    By events of a type that no part looks at, so that nothing but the rule remembers them.
    """
    body = _rule("often", "count", {}, key="plate", count=6, window_s=86_400)
    body |= {"match": {"event_types": ["button.pressed"]}}
    engine = started(10)
    engine.apply(Frame(FRAME_VERSION, 0, "b", "b", FrameKind.CONTROL, [], [control("rule.put", body)]), 0, START_US)
    engine.commit()
    gc.collect()
    before = psutil.Process().memory_info().rss
    for n in range(0, 5 * keys, FRAME_EVENTS):
        batch = [
            Event(
                SITE,
                f"d{k % 40}",
                f"p{k}",
                "button.pressed",
                1,
                START_US + k * 100,
                f'{{"plate_hash": "{k % keys:032x}"}}',
            )
            for k in range(n, n + FRAME_EVENTS)
        ]
        engine.apply(Frame(FRAME_VERSION, 0, "b", f"k{n}", FrameKind.EVENTS, batch), n, batch[-1].event_time)
        engine.commit()
    gc.collect()
    resident = psutil.Process().memory_info().rss - before
    if len(engine.state.tracks[SITE, "often"]) != keys:
        raise AssertionError("not every key is there")
    return resident / keys, len(snapshot.compress(snapshot.pack(engine.state))) / keys


def measured() -> dict[str, Any]:
    """All figures."""
    made = frames(int(os.environ.get("BENCH_ENGINE_EVENTS", "200000")))
    figures: dict[str, Any] = {"bytes_per_rule": round(rule_bytes(BOOKS[-1]))}  # first: memory is used again
    for count in BOOKS:
        report.say(f"the engine with {count} rules ...")
        for name, value in cost(count, made).items():
            figures[f"{name}_{count}"] = round(value, 2)
    figures["growth"] = round(figures[f"us_per_event_{BOOKS[-1]}"] / figures[f"us_per_event_{BOOKS[0]}"], 3)
    report.say(f"{KEYS} keys ...")
    resident, stored = key_bytes(KEYS)
    figures |= {"bytes_per_key": round(resident), "stored_bytes_per_key": round(stored)}
    figures["keys_mb"] = round(resident * KEYS / 1e6)
    return figures


def main() -> None:
    """Measures, says so, and writes the table."""
    gc.set_threshold(50_000, 50, 100)  # as the processor does: the state is hundreds of thousands of values
    figures = measured()
    rows = [("what", "figure"), ("---", "---")]
    for count in BOOKS:
        rows.append((f"CPU us an event, {count} rules", str(figures[f"us_per_event_{count}"])))
        rows.append((f"rule evaluations a CPU second, {count} rules", f"{figures[f'evaluations_per_s_{count}']:.0f}"))
    rows += [
        ("cost of an event, 10,000 rules to 10", str(figures["growth"])),
        ("resident bytes a rule", str(figures["bytes_per_rule"])),
        (f"resident MB, {KEYS} keys with five events each in a window", str(figures["keys_mb"])),
        ("resident / snapshot bytes a key", f"{figures['bytes_per_key']} / {figures['stored_bytes_per_key']}"),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    report.say(table)
    report.replace_block(Path("docs/performance.md"), "engine", table)


if __name__ == "__main__":
    main()
