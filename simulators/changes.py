"""What people change over HTTP for a scenario: before it begins, and at its times."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from herun.clock import Clock
from simulators.api import Person, RefusedError
from simulators.moments import resolved
from simulators.scenario import Calls, Closes, Scenario, SetUp, Who
from simulators.waiting import pause, until

LOOK_S: Final = 0.5  # machine's seconds between two looks for an alert that is to be closed
PAGE: Final = 100


class NotRefusedError(Exception):
    """The system took what it should have refused."""


@dataclass(frozen=True)
class Changer:
    """Who changes what on one site, in a play that starts at `start_us`."""

    site: str
    people: Mapping[Who, Person]
    clock: Clock
    start_us: int

    async def set_up(self, scenario: Scenario) -> None:
        """All that is in force before the play begins, in its order; everybody is signed in.

        Raises RefusedError, NotRefusedError.
        """
        for who in sorted({change.who for change in (*scenario.setup, *scenario.deeds()) if isinstance(change, SetUp)}):
            await self.people[who].sign_in()
        for rule in scenario.rules:
            await self._call(SetUp(call=f"PUT rules/{rule['uid']}", body=rule))
        for change in scenario.setup:
            await self._call(change)

    async def play(self, scenario: Scenario, stop: asyncio.Event) -> None:
        """What the timeline says, each at its time. Raises as `set_up` does."""
        for deed in scenario.deeds():
            if await until(self.clock, self.start_us + deed.at, stop):
                return
            if isinstance(deed, Calls):
                await self._call(deed)
            else:
                await self._close(deed, stop)

    async def _call(self, change: SetUp) -> None:
        method, path = resolved(change.call, self.start_us).split(" ", 1)
        body = resolved(change.body, self.start_us)
        try:
            await self.people[change.who].send(method, f"/v1/sites/{self.site}/{path}", body)
        except RefusedError as error:
            if error.status != change.refused:
                raise
        else:
            if change.refused is not None:
                raise NotRefusedError(f"{change.call} was taken")

    async def _close(self, deed: Closes, stop: asyncio.Event) -> None:
        operator, path = self.people["operator"], f"/v1/sites/{self.site}/alerts"
        where: dict[str, str | int] = {"rule_uid": deed.closes, "open": "true", "limit": PAGE}
        where |= {"device": deed.device} if deed.device else {}
        while not (found := (await operator.get(path, **where))["items"]):
            if await pause(stop, LOOK_S):
                return
        for alert in found:
            await operator.post(f"{path}/{alert['alert_id']}/close", {"verdict": deed.verdict})
