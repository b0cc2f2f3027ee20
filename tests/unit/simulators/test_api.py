"""A person's way in: signs in when needed, repeats safely, reads the feed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from simulators.api import LiveEvent, Person, RefusedError

Answer = Callable[[httpx.Request], httpx.Response]


class Desk:
    """An API that hands out tokens and lets a test answer the rest."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.sign_ins = 0
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/sessions":
            self.sign_ins += 1
            return httpx.Response(201, json={"access_token": f"token-{self.sign_ins}"})
        self.requests.append(request)
        return self._answer(request)


def person(desk: Desk) -> Person:
    return Person(httpx.AsyncClient(transport=httpx.MockTransport(desk), base_url="http://x"), "li", "secret")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.api.FIRST_PAUSE_S", 0.0)


async def test_signs_in_once_for_many_requests() -> None:
    desk = Desk(lambda _: httpx.Response(200, json={}))
    li = person(desk)
    await li.get("/a")
    await li.get("/b")
    assert desk.sign_ins == 1


async def test_signs_in_again_when_the_token_has_run_out() -> None:
    old = "Bearer token-1"
    desk = Desk(lambda r: httpx.Response(401 if r.headers["Authorization"] == old else 200, json={"ok": True}))
    assert await person(desk).get("/a") == {"ok": True}
    assert desk.sign_ins == 2


async def test_a_write_is_repeated_under_the_same_key() -> None:
    answers = iter([503, 429, 201])
    desk = Desk(lambda _: httpx.Response(next(answers), json={}))
    await person(desk).post("/a", {"x": 1})
    assert len(desk.requests) == 3
    assert len({request.headers["Idempotency-Key"] for request in desk.requests}) == 1


async def test_two_writes_have_two_keys() -> None:
    desk = Desk(lambda _: httpx.Response(201, json={}))
    li = person(desk)
    await li.post("/a", {})
    await li.post("/a", {})
    assert len({request.headers["Idempotency-Key"] for request in desk.requests}) == 2


async def test_a_refusal_is_told_with_its_problem_and_not_repeated() -> None:
    desk = Desk(lambda _: httpx.Response(422, json={"detail": "no such zone"}))
    with pytest.raises(RefusedError, match="no such zone") as refusal:
        await person(desk).post("/a", {})
    assert refusal.value.status == 422
    assert len(desk.requests) == 1


async def test_gives_up_in_the_end() -> None:
    desk = Desk(lambda _: httpx.Response(503, json={}))
    with pytest.raises(RefusedError):
        await person(desk).get("/a")
    assert 1 < len(desk.requests) < 10


FEED = """\
: heartbeat

event: ready
id: c0
data: {}

event: event
id: c1
data: {"device": "x"}

: heartbeat
event: alert
id: c2
data: {"state": "raised"}

data: {"nobody": "asked"}

"""


async def collect(feed: AsyncIterator[LiveEvent]) -> list[LiveEvent]:
    return [live async for live in feed]


async def test_the_feed_is_read_event_by_event() -> None:
    desk = Desk(lambda _: httpx.Response(200, text=FEED))
    assert await collect(person(desk).live("s")) == [
        LiveEvent("c0", "ready", {}),
        LiveEvent("c1", "event", {"device": "x"}),
        LiveEvent("c2", "alert", {"state": "raised"}),
    ]


async def test_the_feed_goes_on_from_a_cursor() -> None:
    desk = Desk(lambda _: httpx.Response(200, text=""))
    await collect(person(desk).live("s", "c7"))
    assert desk.requests[0].headers["Last-Event-ID"] == "c7"


async def test_a_feed_refused_for_an_old_token_is_tried_with_a_new_one() -> None:
    answers = iter([401, 200])
    desk = Desk(lambda _: httpx.Response(next(answers), text=""))
    li = person(desk)
    assert await collect(li.live("s")) == []
    assert await collect(li.live("s")) == []
    assert desk.sign_ins == 2
