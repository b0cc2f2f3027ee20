"""An estate of people for load on orders: 50 workers, 500 residents, a desk; and who calls the API as each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final, cast

import httpx

from api.resources import Resources
from api.sessions import tokens
from herun.clock import SystemClock
from tests.support.box import Box

SITE: Final = "s1"
BUILDINGS: Final = 20
QUIET: Final = "b00"  # a building where nothing ever happened
NEWCOMER: Final = "nina"  # a resident there
NEW_WORKER: Final = "wendy"
BUILDINGS_A_GRID: Final = 2
PROPERTY_STAFF: Final = 5  # one worker in so many; all others are grid workers
SKILLS: Final = ("water", "fire", "noise", "lift")
GRIDS_APART: Final = 4  # a grid worker has each grid so far from the one before
_BULK: Final = 200  # people in one request
_IDLE_S: Final = 2.0


def building(n: int) -> str:
    """The building of the n-th resident."""
    return f"b{n % BUILDINGS + 1:02}"


def worker(n: int) -> str:
    """The n-th worker."""
    return f"worker{n:03}"


def resident(n: int) -> str:
    """The n-th resident."""
    return f"resident{n:03}"


def furnish(box: Box, workers: int, residents: int) -> None:
    """A site with its buildings, a grid for each two of them, and its people."""
    names = [QUIET, *(f"b{n + 1:02}" for n in range(BUILDINGS))]
    grids = [names[n : n + BUILDINGS_A_GRID] for n in range(0, len(names), BUILDINGS_A_GRID)]
    layout = {
        "buildings": [{"building": name, "name": name} for name in names],
        "zones": [],
        "grids": [{"grid": f"g{n:02}", "name": f"g{n:02}", "buildings": own} for n, own in enumerate(grids)],
    }
    box.call("POST", "/v1/sites", {"site": SITE, "name": SITE})
    box.call("PUT", f"/v1/sites/{SITE}/layout", layout)
    people = [_person("oscar", "operator"), _person("susan", "supervisor"), _person(NEW_WORKER, "property_staff")]
    people += [{**_person(NEWCOMER, "resident"), "building": QUIET}]
    people += [_worker(n, len(grids)) for n in range(workers)]
    people += [{**_person(resident(n), "resident"), "building": building(n)} for n in range(residents)]
    for begin in range(0, len(people), _BULK):
        box.call("POST", f"/v1/sites/{SITE}/people", {"people": people[begin : begin + _BULK]})


def _worker(n: int, grids: int) -> dict[str, Any]:
    if n % PROPERTY_STAFF == PROPERTY_STAFF - 1:
        return _person(worker(n), "property_staff")
    return {
        **_person(worker(n), "grid_worker"),
        "grids": [f"g{each:02}" for each in range(n % GRIDS_APART, grids, GRIDS_APART)],
        "skills": list(SKILLS),
    }


def _person(username: str, role: str) -> dict[str, Any]:
    return {"username": username, "name": username, "roles": [role]}


@dataclass
class Callers:
    """Calls as anybody of the site, over one pool of connections. Nobody signs in: that is another load."""

    box: Box
    http: httpx.AsyncClient
    _tokens: dict[str, str] = field(default_factory=dict)

    async def call(self, who: str, method: str, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        """One request at the site."""
        if who not in self._tokens:
            self._tokens[who] = self._token(who)
        headers = {"Authorization": f"Bearer {self._tokens[who]}"}
        if key:
            headers["Idempotency-Key"] = key
        return await self.http.request(method, f"/v1/sites/{SITE}/{path}", json=body, headers=headers)

    def _token(self, who: str) -> str:
        signer = SimpleNamespace(
            wall=SystemClock(),
            token_key=self.box.variable("token_key").encode(),
            settings=SimpleNamespace(token_minutes=60),
        )
        return tokens.issue(cast("Resources", signer), who)[0]


def http_of(box: Box, connections: int) -> httpx.AsyncClient:
    """A client of the box's API."""
    # Sooner than the server ends an idle connection: what is sent just then is answered by nobody.
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=_IDLE_S)
    return httpx.AsyncClient(base_url=box.api_url, timeout=60, limits=limits, trust_env=False)
