"""What happens to a request after it was sent in: what its client adds to it, and what it is merged into."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.open311 import updating
from api.open311.service import REPEATED_WITHIN
from api.transactions import begin
from api.work_orders import store as work_orders
from api.work_orders.states import SENTENCES, State
from tests.integration.api.many_orders import put
from tests.integration.api.open311 import Client, client, read, taking_part
from tests.integration.api.running import SITE, World, until
from tests.integration.api.test_topics import FLOODS, said, sort_now

MINUTE_US = 60_000_000


async def told(one: Client, number: str, description: str = "还没好", **more: Any) -> str:
    """The id of an update that has to be taken."""
    response = await one.post("servicerequestupdates", service_request_id=number, description=description, **more)
    assert response.status_code == 200, response.text
    return str(read(response)[0]["update_id"])


async def answered(world: World, number: str) -> None:
    for action, who, body in [
        ("handle", "gwen", {}),
        ("resolve", "gwen", {"text": "换了阀门"}),
        ("answer", "oscar", {"text": "好了"}),
    ]:
        await world.by(who).post(f"work-orders/{number}/{action}", body)


async def state(world: World, number: str) -> str:
    return str((await world.by("oscar").get(f"work-orders/{number}"))["state"])


async def test_a_request_is_reopened_with_words_that_were_said_of_it_before(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted(address_id="b1")
    first, closed = await told(one, number), await told(one, number, status="CLOSED")
    await answered(world, number)
    reopening = await told(one, number, status="REOPEN")
    assert len({first, closed, reopening}) == 3
    assert await state(world, number) == "dispatched"


async def test_a_request_is_taken_back_with_words_that_were_said_of_it_before(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted()
    assert await told(one, number) != await told(one, number, status="CANCELLED")
    assert await state(world, number) == "cancelled"


async def test_what_moves_the_order_is_done_once_by_its_id_and_without_one_whenever_it_is_sent(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted(address_id="b1")
    await answered(world, number)
    known = {"status": "REOPEN", "update_id": "c1"}
    assert await told(one, number, **known) == await told(one, number, **known)
    assert await state(world, number) == "dispatched"
    await answered(world, number)
    assert await told(one, number, status="REOPEN")
    await answered(world, number)
    assert await told(one, number, status="REOPEN")
    assert await state(world, number) == "dispatched"


async def test_the_same_update_is_one_within_minutes_and_two_later(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted()
    first = await told(one, number, status="OPEN")
    assert await told(one, number, status="open") == first
    others = [await told(one, number), await told(one, number, status="OPEN", media_url="https://example.org/a.jpg")]
    world.wall.at_us += int(REPEATED_WITHIN.total_seconds() * 1_000_000) + 1
    assert len({first, *others, await told(one, number, status="OPEN")}) == 4


async def test_the_same_words_after_the_order_has_moved_are_said_anew(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted(address_id="b1")
    first = await told(one, number)
    world.clock.at_us += MINUTE_US
    assert await told(one, number) == first
    await answered(world, number)
    assert await told(one, number) != first


async def test_all_flaws_of_an_update_are_told_at_once(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    flawed = {"status": "x" * 101, "update_id": "x" * 101, "media_url": "x"}
    assert len(read(await one.post("servicerequestupdates", **flawed))) == 5


async def test_the_update_of_a_merge_stands_as_the_other_request_stood(world: World) -> None:
    await taking_part(world)
    for form in ("xml", "json"):
        one = await client(world, form=form)
        master, twin = await one.submitted(address_id="b1"), await one.submitted(description="again", address_id="b1")
        await world.by("oscar").post(f"work-orders/{twin}/merge", {"master": master, "reason": "一回事"})
        (merge,) = read(await one.get("servicerequestupdates", service_request_id=twin))[-1:]
        assert (merge["external_status_code"], merge["status"]) == ("merged", "open")
        assert (await one.request(twin))["status"] == "open"
        await answered(world, master)
        updates = read(await one.get("servicerequestupdates", service_request_id=twin))
        assert [(each["external_status_code"], each["status"]) for each in updates][-4:] == [
            ("merged", "open"), ("handling", "open"), ("resolved", "open"), ("answered", "closed"),
        ]  # fmt: skip
        world.wall.at_us += 60 * MINUTE_US


async def test_merged_into_what_nobody_may_know_of_a_request_is_closed_when_that_is_and_nothing_else_of_it_is_told(
    world: World,
) -> None:
    await taking_part(world)
    one = await client(world)
    master, twin = await one.submitted(description="a", address_id="b1"), await one.submitted(description="b")
    world.clock.at_us += MINUTE_US
    await world.by("oscar").post(f"work-orders/{twin}/merge", {"master": master, "reason": "一回事"})
    merged_at = (await one.request(twin))["updated_datetime"]
    world.rows("UPDATE work_orders SET confidential = true WHERE number = %(n)s", n=master)
    world.clock.at_us += MINUTE_US
    await world.by("gwen").post(f"work-orders/{master}/handle")
    assert (await one.request(twin))["updated_datetime"] == merged_at
    await told(one, twin, "急")
    shown = await one.request(twin, extensions="true")
    assert shown["status"] == "open"
    assert shown["extended_attributes"] == {"detailed_status": "duplicate"}
    assert shown["status_notes"] == "已与同一情况的诉求合并处理。"
    assert await one.numbers(status="open") == [twin]
    world.clock.at_us += MINUTE_US
    await world.by("gwen").post(f"work-orders/{master}/resolve", {"text": "换了阀门"})
    await world.by("susan").post(f"work-orders/{master}/answer", {"text": "好了"})
    answer, shown = SENTENCES[State.ANSWERED]["zh"], await one.request(twin)
    assert (shown["status"], shown["status_notes"]) == ("closed", f"已与同一情况的诉求合并处理。 {answer}")
    assert shown["updated_datetime"] > merged_at
    assert await one.numbers(status="closed", updated_after=shown["updated_datetime"]) == [twin]
    updates = read(await one.get("servicerequestupdates", service_request_id=twin))
    assert [(each["external_status_code"], each["status"], each["description"]) for each in updates][-3:] == [
        ("merged", "open", SENTENCES[State.MERGED]["zh"]),
        ("merged", "open", "急"),
        ("answered", "closed", answer),
    ]
    await world.by("susan").post(f"work-orders/{master}/reopen", {"reason": "没好"})
    assert (await one.request(twin))["status"] == "open"


async def test_what_a_client_says_has_the_state_of_its_time(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    master, twin = await one.submitted(address_id="b1"), await one.submitted(description="又漏")
    for number, words in [(master, "还没好"), (twin, "还没来人")]:
        world.clock.at_us += MINUTE_US
        await told(one, number, words)
    world.clock.at_us += MINUTE_US
    await world.by("oscar").post(f"work-orders/{twin}/merge", {"master": master, "reason": "一回事"})
    world.clock.at_us += MINUTE_US
    await world.by("gwen").post(f"work-orders/{master}/handle")
    world.clock.at_us += MINUTE_US
    await told(one, twin, "还在漏")
    for action, who, body in [("resolve", "gwen", {"text": "换了阀门"}), ("answer", "oscar", {"text": "好了"})]:
        world.clock.at_us += MINUTE_US
        await world.by(who).post(f"work-orders/{master}/{action}", body)
    world.clock.at_us += MINUTE_US
    await told(one, master, "又漏了", status="REOPEN")

    async def said(number: str) -> list[tuple[str, str, str]]:
        updates = read(await one.get("servicerequestupdates", service_request_id=number))
        own = [each for each in updates if each["update_id"].startswith("U")]
        return [(each["external_status_code"], each["status"], each["description"]) for each in own]

    assert await said(master) == [("dispatched", "open", "还没好"), ("dispatched", "open", "又漏了")]
    assert await said(twin) == [("accepted", "open", "还没来人"), ("handling", "open", "还在漏")]
    updates = read(await one.get("servicerequestupdates", service_request_id=master))
    assert [(each["external_status_code"], each["status"]) for each in updates] == [
        ("submitted", "open"), ("accepted", "open"), ("dispatched", "open"), ("dispatched", "open"),
        ("handling", "open"), ("resolved", "open"), ("answered", "closed"), ("accepted", "open"),
        ("dispatched", "open"), ("dispatched", "open"),
    ]  # fmt: skip


async def test_what_happened_to_another_order_while_a_request_was_merged_into_it_stays_told(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    first, twin, last = [await one.submitted(description=each, address_id="b1") for each in "abc"]

    async def merge(number: str, master: str) -> None:
        await world.by("oscar").post(f"work-orders/{number}/merge", {"master": master, "reason": "一回事"})

    await merge(twin, first)
    await world.by("gwen").post(f"work-orders/{first}/handle")
    await world.by("gwen").post(f"work-orders/{last}/handle")
    await merge(first, last)
    await world.by("gwen").post(f"work-orders/{last}/resolve", {"text": "换了阀门"})
    await world.by("oscar").post(f"work-orders/{last}/answer", {"text": "好了"})
    told_before = read(await one.get("servicerequestupdates", service_request_id=twin))
    assert [(each["external_status_code"], each["description"]) for each in told_before][-4:] == [
        ("merged", SENTENCES[State.MERGED]["zh"]),
        ("handling", SENTENCES[State.HANDLING]["zh"]),
        ("resolved", SENTENCES[State.RESOLVED]["zh"]),
        ("answered", "好了"),
    ]
    await world.by("oscar").post(f"work-orders/{twin}/reopen", {"reason": "没好"})
    await world.by("oscar").post(f"work-orders/{last}/reopen", {"reason": "没好"})
    updates = read(await one.get("servicerequestupdates", service_request_id=twin))
    assert updates[: len(told_before)] == told_before
    assert [each["external_status_code"] for each in updates[len(told_before) :]] == ["accepted", "dispatched"]


async def test_an_order_that_nobody_reported_is_not_published_and_what_joins_it_stands_as_it_does(
    world: World,
) -> None:
    await taking_part(world)
    put(world, said(FLOODS, category="water"))
    (master,) = (await sort_now(world))["masters"]
    body = {"category": "water", "text": "地下车库积水，水泵坏了没人管"}
    joined = (await world.by("rita").post("reports", body))["number"]
    assert (await world.by("oscar").get(f"work-orders/{joined}"))["merged_into"] == master
    for form in ("xml", "json"):
        stranger = Client(world.client, form=form)
        assert (await stranger.get(f"requests/{master}")).status_code == 404
        for path in ("requests", f"requests/{joined}", "servicerequestupdates"):
            text = (await stranger.get(path)).text
            assert joined in text
            assert master not in text
            assert "未诉先办" not in text
        shown = await stranger.request(joined)
        assert shown["status"] == "open"
        assert shown["status_notes"].startswith("已与同一情况的诉求合并处理。")
    await answered(world, master)
    shown = await Client(world.client).request(joined)
    assert (shown["status"], shown["status_notes"]) == ("closed", "已与同一情况的诉求合并处理。 好了")
    updates = read(await Client(world.client).get("servicerequestupdates", service_request_id=joined))
    assert updates[-1]["description"] == "好了"


async def history(world: World, number: str, who: str = "gwen") -> list[Any]:
    items: list[Any] = (await world.by(who).get(f"work-orders/{number}/history"))["items"]
    return items


async def test_of_one_request_only_so_many_words_are_taken_but_it_is_still_moved(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updating, "MAX_TOLD", 2)
    await taking_part(world)
    one = await client(world)
    number, other = await one.submitted(address_id="b1"), await one.submitted(description="又漏")
    first = await told(one, number, update_id="c1")
    await told(one, number, update_id="c2")
    refused = await one.post("servicerequestupdates", service_request_id=number, description="还没好", update_id="c3")
    assert (refused.status_code, read(refused)[0]["code"]) == (400, 400)
    assert await told(one, number, update_id="c1") == first
    assert await told(one, other)
    assert await told(one, number, status="CANCELLED", update_id="c4")
    assert await state(world, number) == "cancelled"
    shown = read(await one.get("servicerequestupdates", service_request_id=number))
    assert len([each for each in shown if each["description"] == "还没好"]) == 3


async def test_whoever_works_on_a_request_reads_what_its_client_says_of_it(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted(address_id="b1")
    words = "水已经漫到三楼了,请打13800009876"
    update_id = await told(one, number, words, media_url="https://example.org/a.jpg")
    assert await told(one, number, words, media_url="https://example.org/a.jpg") == update_id
    for who in ("gwen", "oscar"):
        entry = (await history(world, number, who))[-1]
        assert (entry["action"], entry["reason"], entry["detail"]) == ("told", words, {"update": update_id})
        (said,) = (await world.by(who).get(f"open311-requests/{number}"))["updates"]
        assert (said["update_id"], said["description"], said["media_url"], said["status"]) == (
            update_id, words, "https://example.org/a.jpg", None,
        )  # fmt: skip
    (shown,) = [
        each
        for each in read(await one.get("servicerequestupdates", service_request_id=number))
        if each["update_id"] == update_id
    ]
    assert shown["description"] == "水已经漫到三楼了,请打***"
    assert len([entry for entry in await history(world, number) if entry["action"] == "told"]) == 1


async def test_who_works_on_what_a_request_was_merged_into_reads_it_there(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    master = await one.submitted(address_id="b1")
    twin = await one.submitted(description="again", address_id="b1")
    await world.by("oscar").post(f"work-orders/{twin}/merge", {"master": master, "reason": "一回事"})
    await told(one, twin, "水已经漫到三楼了")
    entry = (await history(world, master))[-1]
    assert (entry["action"], entry["reason"], entry["detail"]) == ("noted", "水已经漫到三楼了", {"follower": twin})
    assert (await history(world, twin, "oscar"))[-1]["action"] == "told"


async def test_a_request_is_taken_back_while_somebody_says_which_orders_belong_together(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted()

    async def waits() -> bool:
        return bool(world.rows("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))

    async with begin(world.resources, SITE) as tx:
        await work_orders.keep_together(tx, to_change=True)
        taking_back = asyncio.create_task(told(one, number, status="CANCELLED"))
        await until("the update waits for its turn", waits)
        await work_orders.locked_at_once(tx, {number})  # raises if whoever waits has locked it
    await taking_back
    assert await state(world, number) == "cancelled"
