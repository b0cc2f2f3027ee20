"""The figures of a bench run: as JSON, as a table in docs/performance.md, and on the terminal."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.load.bare_broker import SATURATED, BareResult
from tests.load.probe import spread

if TYPE_CHECKING:
    from tests.load.bench import Run


def say(line: str) -> None:
    """A line for whoever waits."""
    sys.stdout.write(f"bench: {line}\n")
    sys.stdout.flush()


def figures(bare: BareResult, run: Run, fixed: Run, rate: float) -> dict[str, Any]:
    """All that was measured, under the names that latest.json has."""
    cores = os.cpu_count() or 1
    runs = [run] if fixed is run else [run, fixed]
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": cores, "python": platform.python_version()},
        "rate_asked": rate or None,
        "events_per_second": round(run.events_per_second),
        "broker_events_per_second": round(bare.events_per_second),
        "ratio_to_broker": round(run.events_per_second / bare.events_per_second, 3),
        "ratio_counts": bare.counts,
        "acknowledged": sum(each.load.acknowledged for each in runs),
        "lost": sum(each.lost for each in runs),
        "doubled": sum(each.doubled for each in runs),
        "publish_to_row_ms": spread(run.probe.to_row_ms),
        "publish_to_alert_ms": spread(run.probe.to_alert_ms),
        "at_fixed_rate": {
            "events_per_second": round(fixed.events_per_second),
            "publish_to_row_ms": spread(fixed.probe.to_row_ms),
            "publish_to_alert_ms": spread(fixed.probe.to_alert_ms),
        },
        "lag_under_a_second": (spread(run.probe.to_row_ms)["max"] or 1e9) < 1000,
        "cpu_us_per_event": run.cpu_us_per_event,
        "cores_busy": run.cores,
        "rss_mb": run.rss_mb,
        "bound_by": _bound(run.cores, cores),
        "bare_broker": {"cores_busy": bare.cores, "bound_by": _bound(bare.cores, cores)},
    }


def write(measured: dict[str, Any], json_file: Path, page: Path, *, update_table: bool) -> None:
    """Writes the JSON, puts the table between its marks in the page, and prints it."""
    json_file.parent.mkdir(parents=True, exist_ok=True)
    json_file.write_text(json.dumps(measured, indent=2) + "\n")
    table = as_table(measured)
    say("\n" + table)
    if update_table:
        replace_block(page, "bench", table)


def replace_block(page: Path, name: str, text: str) -> None:
    """Puts the text between the marks of this name."""
    start, end = f"<!-- {name}: start -->", f"<!-- {name}: end -->"
    marks = re.compile(f"{re.escape(start)}.*{re.escape(end)}", re.DOTALL)
    page.write_text(marks.sub(lambda _: f"{start}\n{text}\n{end}", page.read_text()))


def as_table(measured: dict[str, Any]) -> str:
    """The figures as Markdown."""
    fixed = measured["at_fixed_rate"]
    rows = [
        ("events a second, all rows at the end", measured["events_per_second"]),
        ("bare broker, same generator", measured["broker_events_per_second"]),
        ("ratio", measured["ratio_to_broker"]),
        ("lost / doubled", f"{measured['lost']} / {measured['doubled']} of {measured['acknowledged']}"),
        ("publish to row, ms (p50 / p99 / max)", _spread(measured["publish_to_row_ms"])),
        ("publish to alert, ms (p50 / p99 / max)", _spread(measured["publish_to_alert_ms"])),
        (f"at {fixed['events_per_second']} a second: publish to row, ms", _spread(fixed["publish_to_row_ms"])),
        (f"at {fixed['events_per_second']} a second: publish to alert, ms", _spread(fixed["publish_to_alert_ms"])),
        *((f"CPU us an event: {name}", value) for name, value in measured["cpu_us_per_event"].items()),
        *((f"memory MB: {name}", value) for name, value in measured["rss_mb"].items()),
        ("bound by", measured["bound_by"]),
        ("bare broker bound by", measured["bare_broker"]["bound_by"]),
    ]
    lines = ["| what | figure |", "|---|---|", *(f"| {what} | {figure} |" for what, figure in rows)]
    return "\n".join([f"Measured {measured['measured_at']} on {measured['machine']['cores']} cores.", "", *lines])


def _spread(values: dict[str, float | None]) -> str:
    return " / ".join("-" if values[key] is None else str(values[key]) for key in ("p50", "p99", "max"))


def _bound(cores: dict[str, float], available: int) -> str:
    busy = sum(cores.values())
    full = [name for name, share in cores.items() if share >= SATURATED and name != "nats"]
    told = f"{busy:.2f} of {available} cores busy"
    return told + (f"; saturated: {', '.join(full)}" if full else "; no single process, the machine")
