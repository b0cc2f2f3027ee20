"""Who finds what in their inbox: each step once, everybody whom it is for, nobody else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pytest

from api.housekeeping import _forget_notices
from api.notices import service
from api.notices.rules import Audience, DeadlineKind, Kind, Telling, Urgency
from api.notices.service import MAX_A_DAY, Deadline
from api.transactions import begin
from api.work_orders import store as work_orders
from api.work_orders.joining import MASTER_CANCELLED
from api.work_orders.order import Order
from herun.clock import HOUR_US, to_datetime
from tests.integration.api.notices.conftest import Post
from tests.integration.api.running import LAYOUT, SITE, World
from tests.integration.api.test_dispatch_pool import pooled


async def kinds(world: World, who: str) -> list[tuple[str, str | None]]:
    items = (await world.by(who).get("/v1/me/notices"))["items"]
    return [(item["kind"], item["number"]) for item in reversed(items)]


async def order_of(world: World, number: str) -> Order:
    async with begin(world.resources, SITE) as tx:
        found = await work_orders.one(tx, number)
    assert found is not None
    return found


async def tell(world: World, number: str, telling: Telling, cause: str) -> None:
    async with begin(world.resources, SITE) as tx:
        order = await work_orders.one(tx, number)
        assert order is not None
        await service.tell(tx, telling, cause, order)


async def test_an_order_is_told_to_its_reporter_and_its_worker_and_to_nobody_else(post: Post) -> None:
    world, number = post.world, await post.report()
    gwen, oscar = world.by("gwen"), world.by("oscar")
    await gwen.post(f"work-orders/{number}/handle")
    await gwen.post(f"work-orders/{number}/resolve", {"text": "修好了"})
    await oscar.post(f"work-orders/{number}/answer", {"text": "修好了"})
    await world.by("rita").post(f"work-orders/{number}/rate", {"score": 1, "solved": False})
    assert await kinds(world, "rita") == [(kind, number) for kind in ("accepted", "under_way", "handling", "answered")]
    assert await kinds(world, "gwen") == [("dispatched", number)]
    assert await kinds(world, "susan") == [("dissatisfied", number)]
    for who in ("rob", "greg", "oscar", "audrey", "paul", "admin"):
        assert await kinds(world, who) == []


async def test_who_does_it_is_not_told_of_it(post: Post) -> None:
    number = await post.report()
    await post.world.by("rita").post(f"work-orders/{number}/cancel", {"reason": "already dry"})
    assert ("cancelled", number) not in await kinds(post.world, "rita")
    assert ("cancelled", number) in await kinds(post.world, "gwen")


async def test_a_returned_order_is_the_matter_of_desk_and_supervisors_and_no_reporters(post: Post) -> None:
    number = await post.report()
    before = await kinds(post.world, "rita")
    await post.world.by("gwen").post(f"work-orders/{number}/return", {"code": "not_ours", "reason": "not my grid"})
    assert await kinds(post.world, "susan") == [("returned", number)]
    assert ("returned", number) in await kinds(post.world, "oscar")
    assert await kinds(post.world, "rita") == before


async def test_every_reporter_of_merged_orders_hears_of_each_step_with_their_own_number_only(post: Post) -> None:
    world = post.world
    number = await post.report("rita")
    others = {who: await post.report(who) for who in ("rob", "ruth")}
    again = await post.report("rob")
    for each in (*others.values(), again):
        world.rows("UPDATE work_orders SET merged_into = %(into)s WHERE number = %(number)s", into=number, number=each)
    world.rows("DELETE FROM notices")
    await world.by("gwen").post(f"work-orders/{number}/handle")
    await world.by("gwen").post(f"work-orders/{number}/resolve", {"text": "done"})
    await world.by("oscar").post(f"work-orders/{number}/answer", {"text": "done"})
    assert await kinds(world, "rita") == [("handling", number), ("answered", number)]
    assert await kinds(world, "ruth") == [("handling", others["ruth"]), ("answered", others["ruth"])]
    both = sorted([others["rob"], again])
    assert sorted(await kinds(world, "rob")) == sorted((kind, n) for kind in ("handling", "answered") for n in both)
    inbox = await world.by("ruth").get("/v1/me/notices")
    assert number not in str(inbox)
    assert "rita" not in str(inbox)


async def test_what_was_merged_into_a_cancelled_order_goes_on_and_its_reporter_hears_just_that(post: Post) -> None:
    world = post.world
    number = await post.report("rita")
    copies = {who: await post.report(who) for who in ("rob", "ruth")}
    for copy in copies.values():
        await world.by("oscar").post(f"work-orders/{copy}/merge", {"master": number, "reason": "The same pipe"})
    world.rows("DELETE FROM notices")
    await world.by("oscar").post(f"work-orders/{number}/cancel", {"reason": "No such leak"})
    assert await kinds(world, "rita") == [("cancelled", number)]
    for who, copy in copies.items():
        assert await kinds(world, who) == [("separated", copy), ("under_way", copy)]
        history = (await world.by(who).get(f"work-orders/{copy}/history"))["items"]
        assert [each["reason"] for each in history if each["action"] == "unmerge"] == [MASTER_CANCELLED]
        assert number not in str(await world.by(who).get("/v1/me/notices"))


async def test_who_is_asked_hears_of_it_and_the_reporters_of_merged_orders_do_not(post: Post) -> None:
    world = post.world
    number, copy = await post.report("rita"), await post.report("rob")
    await world.by("oscar").post(f"work-orders/{copy}/merge", {"master": number, "reason": "The same pipe"})
    before = await kinds(world, "rob")
    await world.by("gwen").post(f"work-orders/{number}/questions", {"text": "Which floor?"})
    assert (await kinds(world, "rita"))[-1] == ("asked", number)
    assert await kinds(world, "rob") == before


async def test_a_pool_hears_of_an_offer_and_a_helper_that_they_are_one(post: Post) -> None:
    world = post.world
    number = await pooled(world)
    for who, told in {"gwen": [("offered", number)], "gus": [("offered", number)], "greg": [], "paul": []}.items():
        assert await kinds(world, who) == told
    await world.by("gus").post(f"work-orders/{number}/claim")
    await world.by("gus").post(f"work-orders/{number}/helpers", {"worker": "paul", "reason": "two hands"})
    await world.by("gus").post(f"work-orders/{number}/helpers", {"worker": "gwen", "reason": "a third"})
    assert await kinds(world, "paul") == [("helping", number)]
    assert await kinds(world, "gwen") == [("offered", number), ("helping", number)]
    assert await kinds(world, "gus") == [("offered", number)]


async def test_no_notice_repeats_what_a_person_wrote_or_who_somebody_is(post: Post) -> None:
    number = await post.report()
    await post.world.by("gwen").post(f"work-orders/{number}/return", {"code": "not_ours", "reason": "李四说不用"})
    stored = str(post.rows())
    for word in ("漏水", "张三", "李四", "13800001234"):
        assert word not in stored


async def test_a_confidential_order_names_no_place_and_is_told_to_no_group(post: Post) -> None:
    number = await post.report()
    order = await order_of(post.world, number)
    secret = replace(order, confidential=True, unit="water")
    post.world.rows("DELETE FROM notices")
    async with begin(post.world.resources, SITE) as tx:
        for audience in Audience:
            await service.tell(tx, Telling(audience, Kind.REOPENED, Urgency.SOON), f"test:{audience}", secret)
    assert {row["recipient"] for row in post.rows()} == {"gwen", "rita", "susan"}
    assert all(row["details"] == {} for row in post.rows())


async def test_a_notice_names_category_and_building_as_people_call_them(post: Post) -> None:
    world = post.world
    buildings = [{"building": name, "name": f"{name[1:]}号楼"} for name in ("b1", "b2", "b3")]
    await world.by("admin").put("layout", {**LAYOUT, "buildings": buildings})
    report = {"category": "water", "text": "漏水", "building": "b1"}
    number = (await world.by("rita").post("reports", report))["number"]
    (told,) = (await world.by("gwen").get("/v1/me/notices"))["items"]
    assert told["text"] == {
        "zh": f"工单{number}已派给您(供水问题,1号楼)。",
        "en": f"Work order {number} is yours (Water supply, 1号楼).",
    }


async def test_an_order_of_a_category_that_the_tree_lacks_is_told_with_its_free_name(post: Post) -> None:
    order = replace(await order_of(post.world, await post.report()), category="of-a-rule", building=None)
    async with begin(post.world.resources, SITE) as tx:
        await service.tell(tx, Telling(Audience.WORKER, Kind.URGED, Urgency.SOON), "test", order)
    assert (await post.world.by("gwen").get("/v1/me/notices"))["items"][0]["text"]["zh"].endswith("(of-a-rule)。")


async def test_a_deadline_told_twice_is_heard_once(post: Post) -> None:
    number = await post.report()
    order = await order_of(post.world, number)
    due = to_datetime(post.world.clock.now_us() + HOUR_US)
    for id_ in ("d1", "d1", "d2"):
        async with begin(post.world.resources, SITE) as tx:
            await service.about_deadlines(tx, [Deadline(id_, DeadlineKind.OVERDUE, order, due)])
    assert [kind for kind, _ in await kinds(post.world, "gwen")] == ["dispatched", "overdue", "overdue"]
    text = (await post.world.by("gwen").get("/v1/me/notices"))["items"][0]["text"]
    assert "06-01 13:00" in text["zh"]  # the site's time


async def test_a_step_that_is_rolled_back_is_told_to_nobody(post: Post) -> None:
    number = await post.report()
    await post.world.by("gwen").post(f"work-orders/{number}/handle")
    before = len(post.rows())
    refused = await post.world.by("gwen").call("POST", f"work-orders/{number}/handle", {})
    assert refused.status_code == 409
    assert len(post.rows()) == before


async def test_an_idempotent_repeat_tells_nothing_twice(post: Post) -> None:
    number = await post.report()
    for _ in range(3):
        await post.world.by("gwen").post(f"work-orders/{number}/handle", key="once")
    assert [kind for kind, _ in await kinds(post.world, "rita")].count("handling") == 1


async def test_the_inbox_pages_counts_and_is_read(post: Post) -> None:
    world, number = post.world, await post.report()
    world.rows("DELETE FROM notices")
    telling = Telling(Audience.REPORTERS, Kind.ANSWERED, Urgency.SOON)
    for n in range(7):
        await tell(world, number, telling, f"test:{n}")
    rita = world.by("rita")
    found: list[int] = []
    cursor = ""
    while True:
        page = await rita.get(f"/v1/me/notices?limit=3{cursor}")
        found += [item["id"] for item in page["items"]]
        assert page["unread"] == 7
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(found) == 7
    assert found == sorted(found, reverse=True)
    assert await rita.post("/v1/me/notices/read", {"ids": found[:2]}) == {"marked": 2, "unread": 5}
    assert [item["id"] for item in (await rita.get("/v1/me/notices?unread=true"))["items"]] == found[2:]
    assert await rita.post("/v1/me/notices/read", {"up_to": found[0]}) == {"marked": 5, "unread": 0}
    assert await rita.post("/v1/me/notices/read", {"up_to": found[0]}) == {"marked": 0, "unread": 0}


async def test_nobody_reads_or_marks_anothers_notices(post: Post) -> None:
    await post.report()
    (first, *_) = (await post.world.by("rita").get("/v1/me/notices"))["items"]
    for who in ("rob", "gwen", "susan", "admin"):
        rob = post.world.by(who)
        assert first["id"] not in [item["id"] for item in (await rob.get("/v1/me/notices"))["items"]]
        await rob.post("/v1/me/notices/read", {"ids": [first["id"]]})
    assert (await post.world.by("rita").get("/v1/me/notices?unread=true"))["items"][0]["id"] == first["id"]


async def test_a_day_has_a_limit_beyond_which_is_counted_and_seen(post: Post) -> None:
    world, number = post.world, await post.report()
    world.rows("DELETE FROM notices")
    telling = Telling(Audience.WORKER, Kind.URGED, Urgency.SOON)
    for n in range(MAX_A_DAY + 5):
        await tell(world, number, telling, f"test:{n}")
    assert len(post.rows("recipient = 'gwen' AND state <> 'failed'")) == MAX_A_DAY
    newest = (await world.by("gwen").get("/v1/me/notices?limit=1"))["items"][0]
    assert (newest["kind"], "5" in newest["text"]["en"]) == ("overflow", True)
    figures = await world.by("susan").get("notices/figures")
    assert {"channel": "inbox", "state": "failed", "notices": 1, "not_written": 5} in figures["items"]
    post.later(25 * 3600)
    await tell(world, number, telling, "test:next day")
    assert len(post.rows("recipient = 'gwen' AND state <> 'failed'")) == MAX_A_DAY + 1


async def test_what_leaves_at_once_has_a_limit_of_its_own(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_AT_ONCE_A_DAY", 3)
    world, number = post.world, await post.report()
    world.rows("DELETE FROM notices")
    for n in range(5):
        await tell(world, number, Telling(Audience.WORKER, Kind.ESCALATION, Urgency.NOW), f"now:{n}")
    await tell(world, number, Telling(Audience.WORKER, Kind.URGED, Urgency.SOON), "soon")
    assert len(post.rows("recipient = 'gwen' AND state <> 'failed'")) == 4
    assert [row["details"] for row in post.rows("kind = 'overflow'")] == [{"count": 2}]


async def test_what_leaves_at_once_and_what_groups_hear_uses_up_no_days_notices(post: Post) -> None:
    world, number = post.world, await post.report()
    world.rows("DELETE FROM notices")
    urgent, more = 5, 3
    for n in range(MAX_A_DAY + more):
        if n < urgent:
            await tell(world, number, Telling(Audience.SUPERVISORS, Kind.ESCALATION, Urgency.NOW), f"now:{n}")
        await tell(world, number, Telling(Audience.SUPERVISORS, Kind.URGED, Urgency.SOON), f"test:{n}")
    await tell(world, number, Telling(Audience.SUPERVISORS, Kind.ESCALATION, Urgency.NOW), "now:last")
    written = Counter(row["recipient"] for row in post.rows("state <> 'failed'"))
    assert written == {"susan": MAX_A_DAY + urgent + 1, "@supervisors": MAX_A_DAY + more + urgent + 1}
    assert [(row["recipient"], row["details"]) for row in post.rows("kind = 'overflow'")] == [
        ("susan", {"count": more})
    ]


async def test_the_line_that_counts_what_was_too_much_is_none_of_it(post: Post) -> None:
    world, number = post.world, await post.report()
    world.rows("DELETE FROM notices")
    telling = Telling(Audience.WORKER, Kind.URGED, Urgency.SOON)
    for n in range(5):
        await tell(world, number, telling, f"early:{n}")
    post.later(3600)
    for n in range(MAX_A_DAY):
        await tell(world, number, telling, f"late:{n}")
    post.later(23 * 3600)  # the five are of another day now
    for n in range(5):
        await tell(world, number, telling, f"next:{n}")
    assert len(post.rows("recipient = 'gwen' AND state <> 'failed'")) == MAX_A_DAY + 5


async def test_who_hears_one_thing_for_two_reasons_is_counted_once(post: Post) -> None:
    world, number = post.world, await post.report()
    secret = replace(await order_of(world, number), confidential=True)
    for n in range(MAX_A_DAY - 1):
        await tell(world, number, Telling(Audience.SUPERVISORS, Kind.URGED, Urgency.SOON), f"test:{n}")
    due = to_datetime(world.clock.now_us())
    async with begin(world.resources, SITE) as tx:
        # Told to the desk as well, which they are: nobody else reads it.
        await service.about_deadlines(tx, [Deadline("d", DeadlineKind.OVERDUE, secret, due, Audience.SUPERVISORS)])
    assert (await kinds(world, "susan"))[-1] == ("overdue", number)
    assert "overflow" not in {kind for kind, _ in await kinds(world, "susan")}


async def test_who_hears_one_thing_for_two_reasons_hears_it_as_the_more_urgent_of_them(post: Post) -> None:
    world, number = post.world, await post.report()
    world.rows("UPDATE people SET roles = '{grid_worker,supervisor}' WHERE username = 'gwen'")
    due = to_datetime(world.clock.now_us())
    order = await order_of(world, number)
    async with begin(world.resources, SITE) as tx:
        await service.about_deadlines(tx, [Deadline("d", DeadlineKind.OVERDUE, order, due, Audience.SUPERVISORS)])
    said = {row["recipient"]: row["urgency"] for row in post.rows("kind = 'overdue'")}
    assert (said["gwen"], said["susan"]) == ("now", "soon")


async def test_who_watches_sees_what_became_of_notices_and_never_what_they_say(post: Post) -> None:
    number = await post.report()
    await post.run()
    page = await post.world.by("audrey").get(f"notices?number={number}&channel=inbox")
    assert {item["recipient"] for item in page["items"]} == {"rita", "gwen", "@unit:water-company"}
    assert all(item.keys().isdisjoint({"title", "text", "details"}) for item in page["items"])
    for who in ("rita", "gwen", "paul"):
        assert (await post.world.by(who).call("GET", "notices")).status_code == 403
    assert (await post.world.by("susan").get("notices?state=failed"))["items"] == []


async def test_notices_go_with_the_person_and_after_a_season(post: Post) -> None:
    await post.report()
    await post.world.by("rita").put("/v1/me/notice-channels", {"language": "en"})
    post.world.rows("DELETE FROM people WHERE username = 'rita'")
    assert post.rows("recipient = 'rita'") == []
    assert post.world.rows("SELECT * FROM notice_preferences") == []
    assert await _forget_notices(post.world.resources) == 0
    post.later(91 * 24 * 3600)
    assert await _forget_notices(post.world.resources) > 0
    assert post.rows() == []


@dataclass
class Step:
    before: Any
    after: Any
    action: str
    by: str
    reason: str | None = None
    asked_by: str | None = None


async def test_the_same_step_followed_twice_is_told_once(post: Post) -> None:
    number = await post.report()
    order = await order_of(post.world, number)
    before = len(post.rows())
    for _ in range(2):
        async with begin(post.world.resources, SITE) as tx:
            await service.follow(tx, Step(order, order, "hold", "oscar"))
    assert len(post.rows()) == before + 4  # rita, gwen, susan, and the group of supervisors
