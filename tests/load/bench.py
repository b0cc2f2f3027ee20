"""`make bench`: how many events a second, how late, at what cost, beside the bare broker in the same run.

BENCH_RATE=1000 measures at that rate only; BENCH_SECONDS (default 20) is the length of each load.
Writes build/bench/latest.json and the table of docs/performance.md. Exit code 1 if anything was lost or doubled.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.load import bare_broker, probe, report, rules
from tests.load.far_end import FarEnd
from tests.load.generator import Plan
from tests.load.load_process import LoadProcess, LoadResult
from tests.load.usage import cpu_seconds, rss_mb
from tests.support.box import Box, add_site, lets_in, until

SITES: Final = ("s1", "s2", "s3", "s4")
DEVICES_PER_SITE: Final = 8
FIXED_RATE: Final = 1_000.0  # events a second of the latency run
BUILD: Final = Path("build/bench")
STORED_WITHIN_S: Final = 30.0

_FOUND: Final = (
    "SELECT site, device, count(*), count(DISTINCT event_id) FROM events WHERE event_id LIKE %s GROUP BY 1, 2"
)


@dataclass(frozen=True)
class Run:
    """One load on the whole of Herun."""

    load: LoadResult
    probe: probe.Probe
    lost: int
    doubled: int
    seconds: float
    cpu_us_per_event: dict[str, float]
    cores: dict[str, float]
    rss_mb: dict[str, float]

    @property
    def events_per_second(self) -> float:
        return self.load.acknowledged / self.seconds


class Bench:
    """A box with four sites, 32 devices, 50 rules each, and the loads that run on it."""

    def __init__(self, box: Box, seconds: float) -> None:
        self._box = box
        self._seconds = seconds
        self._devices: list[dict[str, str]] = []
        self._probe_secret = ""

    def prepare(self) -> None:
        """Makes the sites, devices and rules."""
        devices = [{"device": f"d{n}", "zone": "z01", "building": "b01"} for n in range(DEVICES_PER_SITE)]
        for site in SITES:
            secrets = add_site(self._box, site, [*devices, {"device": probe.DEVICE}], rules.fifty())
            self._probe_secret = self._probe_secret or secrets[probe.DEVICE]
            self._devices += [
                {"client_id": f"{site}-{name}", "user": f"{site}.{name}", "password": secrets[name], "topic": topic}
                for name in (device["device"] for device in devices)
                for topic in [f"herun/v1/{site}/{name}/event"]
            ]
        last = self._devices[-1]
        until(
            lambda: lets_in(self._box.mqtt_port, last["user"], last["password"]), 30, "the gateway lets the devices in"
        )

    def run(self, name: str, rate: float) -> Run:
        """Loads it with `rate` events a second (0: as many as it takes) and looks at what arrived."""
        plan = Plan("127.0.0.1", self._box.mqtt_port, name, self._seconds, rate, self._devices)
        watched = probe.Probe(self._box, SITES[0], self._probe_secret, f"p{name}")
        load = LoadProcess(plan)
        with FarEnd(self._box.variable("nats_url"), load.stored):
            pids = self._box.pids()
            before = cpu_seconds(pids)
            watched.start()
            load.start()
            try:
                result = load.finish()
                after, memory = cpu_seconds(pids), rss_mb(pids)
            finally:
                load.kill()
                watched.stop()
        lost, doubled = self._account(name, result)
        used = {process: after[process] - before[process] for process in pids} | {"generator": result.cpu_seconds}
        return Run(
            load=result,
            probe=watched,
            lost=lost,
            doubled=doubled,
            seconds=plan.seconds,
            cpu_us_per_event={process: round(used[process] / result.acknowledged * 1e6, 1) for process in used},
            cores={process: round(used[process] / plan.seconds, 2) for process in used},
            rss_mb=memory,
        )

    def _account(self, name: str, result: LoadResult) -> tuple[int, int]:
        with self._box.database() as database:

            def rows() -> list[tuple[Any, ...]]:
                return database.execute(_FOUND, (f"{name}-%",)).fetchall()

            until(lambda: sum(row[3] for row in rows()) >= result.acknowledged, STORED_WITHIN_S, "all are rows")
            found = rows()
        distinct = {(site, device): count for site, device, _, count in found}
        lost = 0
        for spec, acknowledged in zip(self._devices, result.by_device, strict=True):
            site, _, device = spec["user"].partition(".")
            lost += max(0, acknowledged - distinct.get((site, device), 0))
        return lost, sum(total - count for _, _, total, count in found)


def main() -> None:
    """Runs it all and says so."""
    rate = float(os.environ.get("BENCH_RATE", "0"))
    seconds = float(os.environ.get("BENCH_SECONDS", "20"))
    topics = [f"herun/v1/{site}/d{n}/event" for site in SITES for n in range(DEVICES_PER_SITE)]
    report.say("the bare broker ...")
    bare = bare_broker.measure(BUILD / "bare", topics, min(seconds, 10.0))
    shutil.rmtree(BUILD / "box", ignore_errors=True)
    with Box(BUILD / "box") as box:
        bench = Bench(box, seconds)
        bench.prepare()
        report.say(f"{rate:.0f} events a second ..." if rate else "as many events as it takes ...")
        main_run = bench.run("main", rate)
        fixed = main_run
        if not rate:
            report.say(f"{FIXED_RATE:.0f} events a second ...")
            fixed = bench.run("fixed", FIXED_RATE)
    shutil.rmtree(BUILD / "box", ignore_errors=True)
    figures = report.figures(bare, main_run, fixed, rate)
    report.write(figures, BUILD / "latest.json", Path("docs/performance.md"), update_table=not rate)
    sys.exit(1 if figures["lost"] or figures["doubled"] else 0)


if __name__ == "__main__":
    main()
