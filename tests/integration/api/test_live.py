"""The live feed: who resumes misses nothing and gets nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from api.live import service as live
from api.serve import listening, serve
from herun import subjects
from herun.alerts import AlertState
from tests.integration.api.running import SITE, WAIT_S, World

REPORT = {"category": "water", "text": "Water in the cellar"}


@dataclass
class Item:
    """One server-sent event."""

    id: str
    event: str
    data: Any


@dataclass
class Feed:
    """An open feed."""

    lines: AsyncIterator[str]
    begins_at: str = ""

    async def next(self) -> Item:
        """The next event."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(WAIT_S):
            while True:
                line = await anext(self.lines)
                if line and not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif fields:
                    return Item(fields["id"], fields["event"], json.loads(fields["data"]))

    async def some(self, count: int) -> list[Item]:
        """The next so many events."""
        return [await self.next() for _ in range(count)]


@dataclass
class Served:
    """The API behind a real port."""

    world: World
    url: str
    stop: asyncio.Event

    @asynccontextmanager
    async def feed(self, who: str = "oscar", last_id: str | None = None, query: str = "") -> AsyncIterator[Feed]:
        """A feed whose first item, which tells the cursor, has been taken."""
        headers = {"Authorization": f"Bearer {self.world.by(who).token}"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        async with (
            httpx.AsyncClient(base_url=self.url, timeout=WAIT_S, trust_env=False) as client,
            client.stream("GET", f"/v1/sites/{SITE}/live{query}", headers=headers) as response,
        ):
            assert response.status_code == 200, await response.aread()
            opened = Feed(response.aiter_lines())
            ready = await opened.next()
            assert ready.event == "ready"
            opened.begins_at = ready.id
            yield opened


@pytest_asyncio.fixture
async def served(world: World) -> AsyncIterator[Served]:
    stop = asyncio.Event()
    with listening("127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        task = asyncio.create_task(serve(world.resources, listener, stop))
        yield Served(world, url, stop)
        stop.set()
        await task


async def test_what_happens_is_shown_in_its_order(served: Served) -> None:
    world = served.world
    async with served.feed() as feed:
        world.add_event(0, plate="苏E12345")
        alert = world.alert()
        world.add_alert(alert, position=2)
        await world.resources.nats.publish(subjects.live_subject(SITE), b"")
        event, raised = await feed.some(2)
        assert (event.event, event.data["event_id"], event.data["personal"]) == ("event", "1-0", {"plate": "苏E****5"})
        assert (raised.event, raised.data["alert_id"], raised.data["action"]) == ("alert", alert.alert_id, "raised")
        await world.by("rita").post("reports", REPORT)
        orders = await feed.some(3)
        assert [(item.event, item.data["action"], item.data["state"]) for item in orders] == [
            ("order", "opened", "submitted"), ("order", "accept", "accepted"), ("order", "dispatch", "dispatched"),
        ]  # fmt: skip
        await world.by("oscar").post(f"alerts/{alert.alert_id}/close", {"verdict": "true"})
        closed = await feed.next()
        assert (closed.event, closed.data["action"], closed.data["verdict"]) == ("alert", "closed", "true")


async def test_a_feed_begins_now_and_not_with_the_past(served: Served) -> None:
    served.world.add_event(0)
    await served.world.by("rita").post("reports", REPORT)
    async with served.feed() as feed:
        served.world.add_event(1)
        assert (await feed.next()).data["event_id"] == "1-1"


async def test_who_resumes_anywhere_misses_nothing_and_gets_nothing_twice(served: Served) -> None:
    world = served.world
    async with served.feed() as feed:
        for n in range(5):
            world.add_event(n)
            world.add_alert(world.alert(), position=1, n=n)
        await world.by("rita").post("reports", REPORT)
        everything = await feed.some(13)
    assert len({item.id for item in everything}) == 13
    for index, item in enumerate(everything):
        async with served.feed(last_id=item.id) as feed:
            rest = await feed.some(len(everything) - index - 1)
            # A resumed feed reads larger batches, so that kinds may alternate otherwise; within a kind nothing moves.
            for kind in ("event", "alert", "order"):
                expected = [each.data for each in everything[index + 1 :] if each.event == kind]
                assert [each.data for each in rest if each.event == kind] == expected


async def test_nothing_is_lost_or_doubled_over_many_breaks_while_it_goes_on(served: Served) -> None:
    world = served.world
    seen: list[str] = []

    async def write() -> None:
        for n in range(60):
            await asyncio.to_thread(world.add_event, n)
            await world.resources.nats.publish(subjects.live_subject(SITE), b"")

    async with served.feed() as feed:
        last_id = feed.begins_at
    writer = asyncio.create_task(write())
    while len(seen) < 60:
        async with served.feed(last_id=last_id, query="?kinds=event") as feed:
            for item in await feed.some(min(7, 60 - len(seen))):
                seen.append(item.data["event_id"])
                last_id = item.id
    await writer
    assert seen == [f"1-{n}" for n in range(60)]


async def test_a_batch_is_bounded_and_the_rest_follows(served: Served, monkeypatch: Any) -> None:
    monkeypatch.setattr(live, "BATCH", 3)
    async with served.feed(query="?kinds=event") as feed:
        for n in range(10):
            served.world.add_event(n)
        assert [item.data["event_id"] for item in await feed.some(10)] == [f"1-{n}" for n in range(10)]


async def test_a_feed_looks_by_itself_if_nobody_wakes_it(served: Served) -> None:
    async with served.feed() as feed:
        served.world.add_event(0)  # as another instance's write, without a wake-up
        assert (await feed.next()).event == "event"


async def test_only_the_kinds_that_were_asked_for_come(served: Served) -> None:
    world = served.world
    async with served.feed(query="?kinds=order,event") as feed:
        alert = world.alert()
        world.add_alert(alert)
        await world.by("oscar").post(f"alerts/{alert.alert_id}/acknowledge")
        await world.by("rita").post("reports", REPORT)
        assert [item.event for item in await feed.some(3)] == ["order"] * 3


async def test_residents_and_workers_see_their_own_orders_only(served: Served) -> None:
    world = served.world
    async with served.feed("rob") as rob, served.feed("gwen") as gwen:
        world.add_event(0)
        await world.by("rita").post("reports", {**REPORT, "category": "fire"})
        await world.follow(world.alert())
        assert [(await rob.next()).data["origin"] for _ in range(3)] == ["alert"] * 3
        assert {item.data["worker"] for item in await gwen.some(6)} <= {None, "gwen"}
    for who in ("rita", "gwen"):
        assert (await world.by(who).call("GET", "live?kinds=event")).status_code == 403


async def test_who_was_the_worker_of_a_confidential_order_is_told_nothing_of_it(served: Served) -> None:
    number = (await served.world.by("rita").post("reports", REPORT))["number"]
    await served.world.by("gwen").post(f"work-orders/{number}/transfer", {"worker": "greg", "reason": "nearer"})
    await served.world.by("rita").post(f"work-orders/{number}/confide", {"reason": "It names somebody"})
    other = (await served.world.by("rob").post("reports", REPORT))["number"]
    async with served.feed("gwen", "e0.0-a0.0-o0") as feed:
        assert (await feed.next()).data["number"] == other


async def test_whoever_works_on_a_master_is_told_what_is_said_of_what_is_merged_into_it(served: Served) -> None:
    by = served.world.by
    master, twin, hidden = [(await by(who).post("reports", REPORT))["number"] for who in ("rita", "rob", "rob")]
    for each in (twin, hidden):
        await by("oscar").post(f"work-orders/{each}/merge", {"master": master, "reason": "The same water"})
    await by("gwen").post(f"work-orders/{master}/helpers", {"worker": "greg", "reason": "It is heavy"})
    await by("rob").post(f"work-orders/{hidden}/confide", {"reason": "It names somebody"})
    last = (await by("susan").get(f"work-orders/{master}/history"))["items"][-1]["feed_seq"]
    await by("oscar").post(f"work-orders/{twin}/questions", {"text": "Which cellar?"})
    await by("susan").post(f"work-orders/{hidden}/questions", {"text": "Who is it?"})
    await by("gwen").post(f"work-orders/{master}/notes", {"text": "The end"})
    told = [(twin, "Which cellar?"), (master, "The end")]
    for who, heard in {"gwen": told, "greg": told, "paul": []}.items():
        other = (await by(who).post("reports", {**REPORT, "building": "b1"}))["number"]
        async with served.feed(who, f"e0.0-a0.0-o{last}") as feed:
            found = [(item.data["number"], item.data["reason"]) for item in await feed.some(len(heard) + 1)]
        assert (found[:-1], found[-1][0]) == (heard, other)


@pytest.mark.parametrize("change", ["enabled = false", "roles = '{resident}'", "site = 's2'"])
async def test_a_feed_ends_when_its_reader_is_gone_or_has_other_rights(
    served: Served, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(live, "RECOGNISE_S", 0.1)
    await served.world.admin.post("/v1/sites", {"site": "s2", "name": "s2"})
    async with served.feed() as feed, served.feed("susan") as other:
        served.world.add_event(0)
        assert (await feed.next()).event == "event"
        served.world.rows(f"UPDATE people SET {change} WHERE username = 'oscar'")
        with pytest.raises(StopAsyncIteration):
            await feed.next()
        assert (await other.next()).data["event_id"] == "1-0"
        served.world.add_event(1)
        assert (await other.next()).data["event_id"] == "1-1"


async def test_the_versions_of_an_alert_say_what_became_of_it(served: Served) -> None:
    world = served.world
    alert = world.alert()
    async with served.feed(query="?kinds=alert") as feed:
        world.add_alert(alert, position=1)
        world.add_alert(msgspec.structs.replace(alert, version=2, count=2), position=2)
        world.add_alert(msgspec.structs.replace(alert, version=3, state=AlertState.CLEARED, cleared_at=5), position=3)
        assert [item.data["action"] for item in await feed.some(3)] == ["raised", "amended", "cleared"]


async def test_the_token_may_stand_in_the_link(served: Served) -> None:
    token = served.world.by("oscar").token
    async with (
        httpx.AsyncClient(base_url=served.url, timeout=WAIT_S, trust_env=False) as client,
        client.stream("GET", f"/v1/sites/{SITE}/live?access_token={token}") as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")


async def test_what_is_no_id_of_the_feed_is_refused(served: Served) -> None:
    for query in ("?last_event_id=x", "?kinds=weather", "?kinds=", "?last_event_id=%00"):
        response = await served.world.by("oscar").call("GET", f"live{query}")
        assert response.status_code in {400, 422}
        assert response.headers["content-type"] == "application/problem+json"


async def refused(served: Served, who: str) -> tuple[int, str]:
    answer = await served.world.by(who).call("GET", "live")
    assert (answer.json()["type"], answer.headers["retry-after"]) == ("urn:herun:problem:too_many_feeds", "10")
    return answer.status_code, answer.headers["content-type"]


async def nobody_listens() -> None:
    async with asyncio.timeout(WAIT_S):
        while live._open:
            await asyncio.sleep(0.02)


async def test_there_are_only_so_many_feeds(served: Served, monkeypatch: Any) -> None:
    monkeypatch.setattr(live, "MAX_FEEDS", 1)
    async with served.feed():
        assert await refused(served, "oscar") == (503, "application/problem+json")
    await nobody_listens()


async def test_the_last_feeds_are_kept_for_the_staff(served: Served, monkeypatch: Any) -> None:
    monkeypatch.setattr(live, "MAX_FEEDS", 4)
    monkeypatch.setattr(live, "KEPT_FOR_STAFF", 2)
    async with served.feed("rita"), served.feed("rob"):
        for who in ("rita", "rob"):
            assert (await refused(served, who))[0] == 503
        async with served.feed("gwen"), served.feed("oscar"):
            assert (await refused(served, "susan"))[0] == 503
    await nobody_listens()


async def test_one_person_has_a_few_feeds_however_many_they_open_at_once(served: Served, monkeypatch: Any) -> None:
    monkeypatch.setattr(live, "MAX_OF_ONE", 2)
    said: list[int] = []
    enough = asyncio.Event()

    async def open_one(client: httpx.AsyncClient) -> None:
        headers = {"Authorization": f"Bearer {served.world.by('rita').token}"}
        async with client.stream("GET", f"/v1/sites/{SITE}/live", headers=headers) as response:
            said.append(response.status_code)
            if len(said) == 8:
                enough.set()
            await enough.wait()

    async with httpx.AsyncClient(base_url=served.url, timeout=WAIT_S, trust_env=False) as client:
        await asyncio.gather(*(open_one(client) for _ in range(8)))
    assert sorted(said) == [200] * 2 + [429] * 6
    await nobody_listens()
    async with served.feed("rita"), served.feed("rita"):
        assert (await refused(served, "rita"))[0] == 429
        async with served.feed("rob"):
            pass
    await nobody_listens()


async def test_a_feed_ends_with_its_token_and_with_the_process(served: Served) -> None:
    async with served.feed() as feed:
        served.world.wall.at_us += 9 * 3600 * 1_000_000
        with contextlib.suppress(StopAsyncIteration):
            while True:
                await feed.next()
    async with served.feed() as feed:
        served.stop.set()
        with contextlib.suppress(StopAsyncIteration):
            while True:
                await feed.next()


async def test_a_silent_feed_has_a_heart(served: Served, monkeypatch: Any) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.05)
    async with served.feed() as feed:
        async with asyncio.timeout(WAIT_S):
            while not (await anext(feed.lines)).startswith(": heartbeat"):
                continue


async def test_what_became_confidential_later_is_not_said_by_the_past_of_others(served: Served) -> None:
    world, oscar, susan = served.world, served.world.by("oscar"), served.world.by("susan")
    async with served.feed() as feed:
        began = feed.begins_at
    whole, copy = [(await world.by(who).post("reports", REPORT))["number"] for who in ("rita", "rob")]
    part = (await oscar.post(f"work-orders/{whole}/split", {"text": "Ms Wang, flat 1202", "category": "noise"}))[
        "number"
    ]
    await oscar.post(f"work-orders/{copy}/merge", {"master": whole, "reason": "The same"})
    for each in (part, copy):
        await susan.post(f"work-orders/{each}/confide", {"reason": "It names somebody"})
    await world.by("gwen").post(f"work-orders/{whole}/handle")
    for who in ("oscar", "gwen", "rita", "susan"):
        history = (await world.by(who).get(f"work-orders/{whole}/history"))["items"]
        async with served.feed(who, last_id=began, query="?kinds=order") as feed:
            words = str(history)
            while (item := await feed.next()).data["action"] != "handle":
                words += str(item.data if item.data["number"] == whole else "")
        for secret in ("1202", part, copy):
            assert (secret in words) == (who == "susan"), (who, secret, words)
        assert "joined" in words
