"""What the OpenAPI document promises holds for whatever is sent, and nothing that is sent is our fault."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from api.app import create_app
from api.categories.shipped import default_tree
from api.roles import Role
from api.serve import listening, serve
from tests.integration.api.running import SITE, Servers, World, running_world

# The API is at work in a thread of this process, and its random draws are no draws of a strategy.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")

EXAMPLES: Final = 8  # of each route and each way of asking: all of them together take a minute
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
SCHEMA: Final = schemathesis.openapi.from_dict(create_app().openapi())
# A feed never ends; what it answers to bad questions is in test_live.
OPERATIONS: Final = {
    operation.label: operation
    for operation in (result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok))
    if not operation.path.endswith("/live")
}


@dataclass
class Target:
    """A served API, a token with every role, and things that exist."""

    url: str
    token: str
    places: dict[str, str]


@pytest.fixture(scope="module")
def target(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The API in a thread of its own, because the test that asks does not await."""
    found: list[Target] = []
    ready, done = threading.Event(), threading.Event()

    async def run(folder: Path) -> None:
        if servers.kept:
            servers.put_back()
        async with running_world(servers, folder) as world:
            if not servers.kept:
                await world.furnish()
                servers.keep()
            await world.resources.suggester.of_tree(default_tree())  # the first to ask would wait for a core
            stop = asyncio.Event()
            with listening("127.0.0.1", 0) as listener:
                serving = asyncio.create_task(serve(world.resources, listener, stop))
                found.append(await furnished(world, listener.getsockname()[1]))
                ready.set()
                await asyncio.to_thread(done.wait)
                stop.set()
                await serving

    thread = threading.Thread(target=lambda: asyncio.run(run(tmp_path_factory.mktemp("api"))))
    thread.start()
    try:
        assert ready.wait(60)
        yield found[0]
    finally:
        done.set()
        thread.join()


async def furnished(world: World, port: int) -> Target:
    world.rows("UPDATE people SET roles = %(roles)s, building = NULL WHERE username = 'admin'", roles=list(Role))
    for n in range(3):
        world.add_event(n, plate="苏E12345")
    alert = world.alert()
    world.add_alert(alert)
    await world.follow(alert)
    await world.admin.post("devices", {"devices": [{"device": "d1"}]})
    (order,) = (await world.admin.get("work-orders"))["items"]
    places = {
        "site": SITE,
        "device": "d1",
        "alert_id": alert.alert_id,
        "number": order["number"],
        "uid": "r1",
        "name": "l1",
        "zone": "z1",
        "year": "2027",
        "worker": "gwen",
        "version": "0",
        "username": "gwen",
        "channel": "email",
        "target": "only",
        "week": "2026-W20",
        "topic": "T20260601-000000",
    }
    return Target(f"http://127.0.0.1:{port}", world.admin.token or "", places)


def ask(target: Target, strategy: Any, checks: list[Any], *, at_home: bool) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def every(case: Any) -> None:
        if at_home:  # at things that exist, so that more than "not found" is tried
            case.path_parameters = {
                name: target.places.get(name, value) for name, value in case.path_parameters.items()
            }
        headers = {"Authorization": f"Bearer {target.token}"}
        response = case.call(base_url=target.url, headers=headers, timeout=20)
        case.validate_response(response, checks=checks, headers=headers)

    every()


@pytest.mark.parametrize("label", OPERATIONS)
def test_a_valid_request_is_answered_as_promised(target: Target, label: str) -> None:
    strategy = OPERATIONS[label].as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
    ask(target, strategy, CHECKS, at_home=True)


@pytest.mark.parametrize("label", OPERATIONS)
def test_a_malformed_request_is_refused_as_promised(target: Target, label: str) -> None:
    operation = OPERATIONS[label]
    if not (operation.path_parameters or operation.query or operation.body):
        return  # there is nothing that could be malformed
    strategy = operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    ask(target, strategy, [*CHECKS, negative_data_rejection], at_home=False)
