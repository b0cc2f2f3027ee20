"""The scene of the fault tests: one site whose devices have known things to say, and what must come of them."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import psycopg

from tests.faults.devices import Device, Fleet
from tests.faults.feed import FeedViewer
from tests.support.box import Box, add_site, lets_in, until

SITE: Final = "faults"
STEADY: Final = 10  # devices that talk all the time
RATE: Final = 1_000.0  # events a second of all of them together
COUNT: Final = 5  # distinct events that the count rule wants
SETTLED_WITHIN_S: Final = 90.0

FLOODED: Final = "flooded"  # device whose level rises and falls: each rise is one alert and one order
FOUR: Final = "four"  # says one distinct event less than the count rule wants, each several times
FIVE: Final = "five"  # says as many as it wants, each several times


def rules() -> list[dict[str, Any]]:
    """A threshold that opens orders, and a count in a window."""
    common = {"title": {"zh": "测试", "en": "Test"}, "text": {"zh": "{value}", "en": "{value}"}, "category": "test"}
    return [
        {
            **common,
            "kind": "threshold",
            "uid": "flooded",
            "severity": "critical",  # so many floods in a minute are a storm, which hides what is less
            "match": {"event_types": ["reading.reported"], "where": {"metric": "level"}},
            "raise_above": 1.0,
            "clear_below": 0.5,
        },
        {
            **common,
            "kind": "count",
            "uid": "often",
            "match": {"event_types": ["button.pressed"]},
            "count": COUNT,
            "window_s": 86_400,
        },
    ]


@dataclass
class Scene:
    """Devices at work on a box, with a viewer of its feed."""

    box: Box
    seed: int
    fleet: Fleet = field(init=False)
    feed: FeedViewer = field(init=False)
    floods: int = 0
    presses: int = 0

    def open(self) -> None:
        """Registers everything, and lets the devices and the viewer begin."""
        names = [*(f"steady-{n}" for n in range(STEADY)), FLOODED, FOUR, FIVE]
        secrets = add_site(
            self.box, SITE, [{"device": name, "zone": "z01", "building": "b01"} for name in names], rules()
        )
        until(lambda: lets_in(self.box.mqtt_port, f"{SITE}.{FIVE}", secrets[FIVE]), 30, "the devices are known")
        devices = {
            name: Device(
                port=self.box.mqtt_port,
                user=f"{SITE}.{name}",
                password=secrets[name],
                topic=f"herun/v1/{SITE}/{name}/event",
                chance=random.Random(f"{self.seed}-{name}"),
            )
            for name in names
        }
        self.fleet = Fleet(devices, names[:STEADY], RATE / STEADY)
        self.feed = FeedViewer(self.box, SITE)
        self.feed.start()
        self.fleet.start()

    def flood(self) -> None:
        """One rise and fall of the water: one alert, one order."""
        for value in (2.0, 0.1):
            self.fleet.say(
                FLOODED, f"level-{self.floods}-{value}", "reading.reported", {"metric": "level", "value": value}
            )
        self.floods += 1

    def press(self) -> None:
        """One press more on each of the two buttons, as long as they have one to give; each said three times."""
        self.presses += 1
        if self.presses < COUNT:
            self.fleet.say(FOUR, f"press-{self.presses}", "button.pressed", {"action": "single"}, times=3)
        if self.presses <= COUNT:
            self.fleet.say(FIVE, f"press-{self.presses}", "button.pressed", {"action": "single"}, times=3)

    def settle(self) -> None:
        """Lets what is under way arrive: every event acknowledged, a row, relayed, an order, shown."""
        while self.presses < COUNT:
            self.press()
        self.fleet.quieten()
        self._until(lambda: self.fleet.idle, "every event is acknowledged")
        said = sum(len(events) for events in self.fleet.said.values())
        self._until(lambda: self.stored_count() >= said, f"all of {said} events are rows")
        self._until(lambda: not self.rows("SELECT n FROM outbox LIMIT 1"), "the outbox is empty")
        self._until(lambda: self.orders_count() >= self.floods + 1, "every alert has its order")
        self._until(lambda: self.orders_count() >= self.alerts_count(), "a storm has its order, too")
        shown = self.rows("SELECT count(*) FROM alert_versions WHERE site = %s", SITE)[0][0]
        self._until(lambda: self.feed.shown["alert"].total() >= shown, "the feed has shown every alert version")

    def close(self) -> None:
        """Ends the devices and the viewer."""
        self.fleet.stop()
        self.feed.stop()

    def stored_count(self) -> int:
        """Rows of the site."""
        return int(self.rows("SELECT count(*) FROM events WHERE site = %s", SITE)[0][0])

    def alerts_count(self) -> int:
        """Alerts of the site."""
        return int(self.rows("SELECT count(*) FROM alerts WHERE site = %s", SITE)[0][0])

    def orders_count(self) -> int:
        """Work orders of the site."""
        return int(self.rows("SELECT count(*) FROM work_orders WHERE site = %s", SITE)[0][0])

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement, by a connection of its own: the last one may be to a killed server."""
        with self.box.database() as database:
            return database.execute(statement.encode(), values).fetchall()

    def stored(self) -> dict[str, list[str]]:
        """The event ids of each device, as often as they are stored."""
        found: dict[str, list[str]] = {}
        for device, event_id in self.rows("SELECT device, event_id FROM events WHERE site = %s", SITE):
            found.setdefault(device, []).append(event_id)
        return found

    def engine_counts(self) -> dict[str, int]:
        """What the engine itself says it has stored, by device."""
        port = self.box.variable("processor_http_port")
        counts: dict[str, int] = httpx.get(f"http://127.0.0.1:{port}/counts", trust_env=False).json()[SITE]
        return counts

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        until(lambda: _holds(condition), SETTLED_WITHIN_S, what)


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except (psycopg.OperationalError, OSError):
        return False  # the database is on its way back


def check_nothing_lost_nothing_doubled(scene: Scene) -> None:
    """Every law of the guarantee, on what lies in the database, in the engine and in what the feed has shown."""
    stored = scene.stored()
    said = {name: events for name, events in scene.fleet.said.items() if events}
    lost = {name: len(events - set(stored.get(name, ()))) for name, events in said.items()}
    assert not any(lost.values()), f"acknowledged but not stored: {lost}"
    doubled = {name: len(ids) - len(set(ids)) for name, ids in stored.items()}
    assert not any(doubled.values()), f"stored twice: {doubled}"
    assert scene.engine_counts() == {name: len(ids) for name, ids in stored.items()}
    _check_alerts(scene)
    assert all(times == 1 for times in scene.feed.shown["alert"].values())
    twice = [order for order, times in scene.feed.shown["order"].items() if times > 1]
    assert not twice, f"order steps shown twice: {twice[:3]}"


def _check_alerts(scene: Scene) -> None:
    raised = Counter((rule, key) for rule, key in scene.rows("SELECT rule_uid, key FROM alerts WHERE site = %s", SITE))
    by_rule = Counter(rule for rule, _ in raised.elements())
    by_rule.pop("herun-storm", None)  # so many floods in a minute may be a storm, too
    assert by_rule == {"flooded": scene.floods, "often": 1}, raised
    assert [key for rule, key in raised if rule == "often"] == [FIVE]
    orders = scene.rows("SELECT alert_id, count(*) FROM work_orders WHERE site = %s GROUP BY 1", SITE)
    alerts = {alert for (alert,) in scene.rows("SELECT alert_id FROM alerts WHERE site = %s", SITE)}
    assert {alert for alert, _ in orders} == alerts
    assert all(count == 1 for _, count in orders)


def pause(chance: random.Random, low: float, high: float) -> None:
    """Lets the system run for a random while between two kills; nothing is waited for."""
    time.sleep(chance.uniform(low, high))
