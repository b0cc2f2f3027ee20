"""From an inbox to the channels: each new notice gets a row for every way by which its recipient wants to hear of it.

In one transaction with the mark that it was done, so that a crash leaves neither half; the unique key of the rows holds
even where two instances do it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from api import background
from api.notices import store, times
from api.notices.channels.configured import Configured
from api.notices.channels.contract import ROBOTS, ChannelName
from api.notices.rules import Kind, Urgency
from api.notices.service import GROUP_SIGN, SUPERVISORS, UNIT_PREFIX
from api.notices.store import ToSend
from api.notices.times import Habits
from api.resources import Resources
from api.transactions import ALL_SITES, begin

log = structlog.get_logger(__name__)

TASK: Final = "notices"
BATCH: Final = 200  # notices spread in one transaction
_NOTHING: Final[Mapping[str, Any]] = {"muted": (), "only": {}}  # what somebody has said who has said nothing
_ALL: Final = frozenset(Kind)
LOOK_S: Final = 1.0  # between looks when nobody says that something was made: another instance may have


async def spread(resources: Resources, configured: Configured, stop: asyncio.Event) -> None:
    """Spreads new notices until `stop`."""
    async with begin(resources, ALL_SITES) as tx:
        left = await store.fail_without_channel(tx, list(configured.channels))
    if left:
        log.warning("notices_without_channel", notices=left)
    while not stop.is_set():
        resources.beat(TASK)
        resources.notices_made.clear()
        while await spread_batch(resources, configured) == BATCH:
            resources.beat(TASK)
        await background.wait(resources.notices_made, LOOK_S)


async def spread_batch(resources: Resources, configured: Configured) -> int:
    """Spreads the oldest new notices; returns how many."""
    async with begin(resources, ALL_SITES) as tx:
        rows = await store.new(tx, BATCH)
        if not rows:
            return 0
        people = sorted({row["recipient"] for row in rows if not row["recipient"].startswith(GROUP_SIGN)})
        habits = await store.preferences_of(tx, people)
        addresses: dict[str, list[dict[str, Any]]] = {}
        for each in await store.addresses_of(tx, people):
            addresses.setdefault(each["username"], []).append(each)
        found = [
            each
            for row in rows
            for each in _ways(row, habits.get(row["recipient"]), addresses.get(row["recipient"], []), configured)
        ]
        await store.add_to_send(tx, found)
        await store.spread(tx, [row["id"] for row in rows])
    return len(rows)


def is_wanted(said: Mapping[str, Any] | None, channel: ChannelName, kind: Kind) -> bool:
    """True if somebody who has said this, or nothing, wants to hear of such by a channel."""
    habits = said or _NOTHING
    return channel not in habits["muted"] and kind in habits["only"].get(channel, _ALL)


def _ways(
    row: Mapping[str, Any], said: Mapping[str, Any] | None, addresses: list[dict[str, Any]], configured: Configured
) -> Iterator[ToSend]:
    if row["recipient"].startswith(GROUP_SIGN):
        for name, robot in configured.robots.items():
            group = f"{UNIT_PREFIX}{robot.unit}" if robot.unit else SUPERVISORS
            if robot.site == row["site"] and group == row["recipient"]:
                yield _to_send(row, robot.channel, name, Habits(quiet_from=times.QUIET_UNTIL))
        return
    habits = times.habits_of(said)
    for each in addresses:
        channel = ChannelName(each["channel"])
        is_told = channel not in ROBOTS and is_wanted(said, channel, Kind(row["kind"]))
        if each["confirmed"] and channel in configured.channels and is_told:
            yield _to_send(row, channel, each["target"], habits)


def _to_send(row: Mapping[str, Any], channel: ChannelName, target: str, habits: Habits) -> ToSend:
    urgency = Urgency(row["urgency"])
    leaving = times.leaving(row["made_at"], urgency, habits, ZoneInfo(row["time_zone"]))
    return ToSend(
        site=row["site"],
        recipient=row["recipient"],
        channel=channel,
        target=target,
        cause=row["cause"],
        kind=Kind(row["kind"]),
        number=row["number"],
        details=row["details"],
        urgency=urgency,
        made_at=row["made_at"],
        due_at=leaving.at,
        in_digest=leaving.in_digest,
    )
