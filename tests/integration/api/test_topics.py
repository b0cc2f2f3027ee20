"""Topics of what people report: who is counted, which id stays, and what answers before it is asked."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from psycopg.types.json import Jsonb

from api.topics import service, watch
from api.topics.store import Spot
from api.transactions import begin
from herun.bulletin_seal import digest
from herun.clock import DAY_US, HOUR_US, to_datetime
from herun.redaction import redacted
from tests.integration.api.many_orders import Row, cells, change, number, put
from tests.integration.api.open311 import client, taking_part
from tests.integration.api.running import NOON_US, SITE, World
from tests.unit.api.test_topics import SAID

NOW: Final = to_datetime(NOON_US)  # a Monday
FLOODS: Final = [
    "地下车库积水，水泵坏了", "地下车库进水，水泵不工作", "车库积水很深，水泵没启动", "地下车库又积水了，水泵没人修",
    "地下车库积水，车开不出来，水泵坏了", "水泵坏了，地下车库积水",
]  # fmt: skip


def said(texts: list[str], first: int = 0, at: datetime = NOW, **more: Any) -> list[Row]:
    """A report of each text, each by somebody else, an hour before `at`."""
    return [
        Row(number(first + n), at - timedelta(hours=1), state="dispatched",
            **{"reporter": f"p{first + n}", "text": text, "title": text[:20], **more})
        for n, text in enumerate(texts)
    ]  # fmt: skip


async def sort_now(world: World) -> Any:
    return await world.by("susan").post("topics/pass")


async def topics(world: World, query: str = "week=2026-W23") -> list[Any]:
    items: list[Any] = (await world.by("audrey").get(f"topics?{query}"))["items"]
    return items


async def known(world: World, text: str, building: str | None = "b1", category: str | None = None) -> str | None:
    async with begin(world.resources, SITE) as tx:
        return await service.known(tx, text, Spot(building), category=category)


async def test_people_and_places_are_counted_and_whoever_writes_ten_times_is_one(world: World) -> None:
    rows = said(FLOODS[:5]) + said(FLOODS[:5] * 2, 10, reporter="p0")
    rows += said(FLOODS[:2], 30, reporter=None, channel="anonymous", building="b2")
    rows += said(FLOODS[:2], 40, reporter="oscar", channel="phone", contact_phone="13800001111")
    put(world, rows)
    await sort_now(world)
    (topic,) = await topics(world, "")
    assert (topic["reports"], topic["reporters"], topic["places"]) == (19, 5 + 1 + 1, 2)
    assert set(topic["words"]) & {"水泵", "积水", "车库"}


async def test_whoever_calls_from_the_phone_of_their_account_is_one_person(world: World) -> None:
    rows = said(FLOODS[:2]) + said(FLOODS[:1], 10, reporter="rita")
    rows += said(FLOODS[1:2], 20, reporter="oscar", channel="phone", contact_phone="13800001234")  # rita's
    put(world, rows)
    await sort_now(world)
    (topic,) = await topics(world, "")
    assert (topic["reports"], topic["reporters"]) == (4, 3)


async def test_whom_one_client_of_open311_speaks_for_are_different_people(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    people: list[dict[str, str]] = [
        {"phone": "13800005555"}, {"email": "a@example.com"}, {"account_id": "a1"}, {"device_id": "d1"}, {}, {},
    ]  # fmt: skip
    for text, who in zip(FLOODS, people, strict=True):
        await one.submitted(description=text, **who)
    await one.submitted(description=f"{FLOODS[0]}。", phone="13800005555")
    world.clock.advance(HOUR_US)
    await sort_now(world)
    (topic,) = await topics(world)
    assert (topic["reports"], topic["reporters"]) == (7, 5)


async def test_what_is_of_no_building_is_of_as_many_places_as_it_names(world: World) -> None:
    rows = said(FLOODS[:2], building=None, lat=31.3, lon=120.6) + said(
        FLOODS[2:4], 10, building=None, lat=31.4, lon=120.6
    )
    rows += said(FLOODS[4:5], 20, building=None, address="东门") + said(FLOODS[5:], 30, building=None)
    rows += said(FLOODS[:2], 40, reporter=None, channel="phone", building=None, zone="lobby")
    put(world, rows)
    await sort_now(world)
    (topic,) = await topics(world)
    assert (topic["places"], topic["reporters"]) == (5, 7)


async def test_the_number_of_a_topic_opens_its_reports(world: World) -> None:
    put(world, said(FLOODS[:4]))
    await sort_now(world)
    world.clock.advance(7 * DAY_US)
    put(world, said(FLOODS[1:], 10, at=to_datetime(world.clock.now_us())))
    await sort_now(world)
    change(world, number(10), state="cancelled")
    change(world, number(11), confidential=True)
    for week, count in (("2026-W23", 4), ("2026-W24", 3)):
        (topic,) = await topics(world, f"week={week}")
        for who in ("admin", "susan"):
            told = await world.by(who).get(topic["orders"])
            assert (topic["reports"], told["count"], len(told["items"]), told["left_out"]) == (count, count, count, 0)
    everything = (await topics(world, "week=2026-W24"))[0]["orders"].partition("?")[0]
    told = await world.admin.get(f"{everything}?limit=1")
    assert (told["count"], len(told["items"]), told["left_out"]) == (9, 1, 1)
    assert (await world.admin.call("GET", f"{everything}?week=2026-W54")).status_code == 422


async def test_what_is_too_much_for_one_pass_the_next_ones_go_on_with(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_REPORTS", 5)
    lonely = said(["楼上装修噪音太大", "求租车位一个", "小区绿化该浇水"])
    put(world, lonely + said(FLOODS, 10) + said(FLOODS[:3], 20))
    done = [await sort_now(world) for _ in range(4)]
    assert [each["left"] for each in done] == [7, 2, 0, 0]
    (topic,) = await topics(world)
    assert topic["reports"] == 9
    put(world, said(FLOODS[3:5], 30))
    assert (await sort_now(world))["left"] == 0
    assert (await topics(world))[0]["reports"] == 11


async def test_a_topic_keeps_its_id_over_weeks_and_passes(world: World) -> None:
    put(world, said(FLOODS[:3]))
    assert len((await sort_now(world))["founded"]) == 1
    (first,) = await topics(world)
    for week in range(1, 4):
        world.clock.advance(7 * 24 * HOUR_US)
        rows = said(FLOODS[2:], 100 * week, at=to_datetime(world.clock.now_us()))
        put(world, rows)
        done = await sort_now(world)
        assert (done["founded"], done["joined"]) == ([], 4)
        (topic,) = await topics(world, f"week=2026-W{23 + week}")
        assert (topic["topic"], topic["label"], topic["first_at"]) == (
            first["topic"],
            first["label"],
            first["first_at"],
        )
        assert topic["before"][0] == (3 if week == 1 else 4)
        assert topic["is_new"] is False
    assert first["is_new"] is True
    assert first["growth"] is None
    members = await world.by("susan").get(f"topics/{first['topic']}/orders?limit=200")
    assert len(members["items"]) == 3 + 3 * 4
    confided = members["items"][0]["number"]
    world.rows("UPDATE work_orders SET confidential = true WHERE number = %(n)s", n=confided)
    left = (await world.by("admin").get(f"topics/{first['topic']}/orders?limit=200"))["items"]
    assert left == members["items"][1:]


async def test_sorting_again_changes_nothing(world: World) -> None:
    put(world, said(SAID["lift"]) + said(SAID["noise"], 20))
    await sort_now(world)
    before = await topics(world)
    assert (await sort_now(world))["joined"] == 0
    assert await topics(world) == before
    assert len(before) == 2


async def test_what_is_confidential_or_cancelled_is_of_no_topic(world: World) -> None:
    put(world, said(SAID["lift"][:2]) + said(SAID["lift"][2:4], 10, confidential=True))
    assert (await sort_now(world))["founded"] == []


async def test_a_member_that_is_confided_is_listed_only_for_those_who_may_see_it(world: World) -> None:
    put(world, said(SAID["lift"]))
    await sort_now(world)
    (topic,) = await topics(world)
    change(world, number(0), confidential=True)
    path = f"topics/{topic['topic']}/orders?limit=2"
    told = await world.admin.get(path)
    assert ([item["number"] for item in told["items"]], told["left_out"]) == ([number(1), number(2)], 1)
    told = await world.by("susan").get(path)
    assert ([item["number"] for item in told["items"]], told["left_out"]) == ([number(0), number(1)], 0)


@pytest.mark.parametrize("by", ["a-step", "a-pass"])
async def test_a_topic_that_was_called_by_what_is_confided_is_named_anew(world: World, by: str) -> None:
    put(world, said(FLOODS[:5], at=NOW - timedelta(days=7)))
    await sort_now(world)
    (topic,) = await topics(world, "week=2026-W22")
    world.clock.advance(HOUR_US)
    await world.by("susan").post("bulletins", {"week": "2026-W22"})
    confided = number([redacted(text) for text in FLOODS].index(topic["label"]))
    if by == "a-step":
        await world.by("susan").post(f"work-orders/{confided}/confide", {"reason": "Between us"})
        assert topic["label"] not in str(await topics(world, "week=2026-W22"))
        (row,) = world.rows("SELECT members, grams FROM topics")
        assert (row["members"], row["grams"]["积水"]) == (4, 3 if "积水" in topic["label"] else 4)
    else:  # it was confided while a pass held the topic
        change(world, confided, confidential=True)
        await sort_now(world)
    (now,) = await topics(world, "week=2026-W22")
    assert now["label"] in {redacted(text) for text in FLOODS[:5]} - {topic["label"]}
    frozen = await world.by("rita").get("bulletins/2026-W22")
    assert (frozen["body"]["topics"][0]["label"], frozen["left_out"]["topics"]) == (now["label"], 1)
    assert topic["label"] not in str(frozen["body"]["topics"])
    assert frozen["intact"]


async def test_what_grows_gets_a_master_that_answers_later_reporters_of_the_house(world: World) -> None:
    put(world, said(FLOODS[:4], category="water"))
    assert (await sort_now(world))["masters"] == []
    assert await known(world, FLOODS[5]) is None
    put(world, said(FLOODS[4:], 50, category="water"))
    (master,) = (await sort_now(world))["masters"]
    order = await world.by("susan").get(f"work-orders/{master}")
    assert (order["category"], order["building"], order["state"]) == ("water", "b1", "dispatched")
    assert order["text"]["zh"].startswith("未诉先办")
    (topic,) = await topics(world)
    assert (topic["master"], topic["master_state"]) == (master, "dispatched")
    assert await known(world, "地下车库积水，水泵坏了没人管") == master
    assert await known(world, "地下车库积水，水泵坏了没人管", category="water") == master
    assert await known(world, "地下车库积水，水泵坏了没人管", category="noise") is None
    assert await known(world, "地下车库积水，水泵坏了没人管", "b2") is None
    assert await known(world, "楼上装修噪音太大") is None
    assert (await sort_now(world))["masters"] == []
    # After its answer what is reported is something new, and the reports from before it open no second master.
    change(world, master, state="answered")
    assert await known(world, FLOODS[5]) is None
    assert (await sort_now(world))["masters"] == []


async def test_what_is_of_no_building_is_answered_by_no_master(world: World) -> None:
    put(world, said(FLOODS, category="water", building=None))
    (master,) = (await sort_now(world))["masters"]
    assert (await world.by("susan").get(f"work-orders/{master}"))["building"] is None
    for building in (None, "b1"):
        assert await known(world, FLOODS[5], building, category="water") is None
    elsewhere = {"category": "water", "text": FLOODS[5], "lat": 31.4, "lon": 120.9}
    assert (await world.by("rita").post("reports", elsewhere))["state"] != "merged"


async def test_a_master_that_nobody_has_answers_nobody(world: World) -> None:
    put(world, said(FLOODS, category="water"))
    (master,) = (await sort_now(world))["masters"]
    change(world, master, state="accepted", worker=None)
    assert await known(world, FLOODS[5], category="water") is None
    change(world, master, state="on_hold")  # put on hold before anybody had it
    assert await known(world, FLOODS[5], category="water") is None
    assert (await sort_now(world))["masters"] == []


async def test_what_is_critical_is_merged_by_nobody_but_a_person(world: World) -> None:
    put(world, said(FLOODS, category="flooding"))
    (master,) = (await sort_now(world))["masters"]
    change(world, master, state="dispatched", worker="gwen")
    report = {"category": "flooding", "text": FLOODS[5]}
    assert await known(world, FLOODS[5], category="flooding") == master
    assert (await world.by("rita").post("reports", report))["state"] != "merged"
    (found,) = (await world.by("rob").post("reports/duplicates", report))["items"][:1]
    assert (await world.by("rob").post("reports", {**report, "join": found["handle"]}))["state"] == "merged"


async def test_what_is_always_there_gets_no_master(world: World) -> None:
    rows = [row for week in range(5) for row in said(FLOODS, 10 * week, at=NOW - timedelta(days=7 * week))]
    put(world, sorted(rows, key=lambda row: row.opened_at))
    for week in reversed(range(5)):
        world.clock.at_us = NOON_US - week * 7 * 24 * HOUR_US
        await sort_now(world)
    world.rows("UPDATE topics SET master = NULL, master_at = NULL")
    assert (await sort_now(world))["masters"] == []


async def test_sensors_that_say_the_same_again_and_again_open_a_master_by_themselves(world: World) -> None:
    for n in range(service.SENSOR_ALERTS - 1):
        await world.follow(world.alert(rule_uid=f"r{n}"))
    assert (await sort_now(world))["masters"] == []
    await world.follow(world.alert(rule_uid="r9"))
    (master,) = (await sort_now(world))["masters"]
    assert await known(world, "车库里全是水", category="water") == master
    assert await known(world, "车库里全是水", category="noise") is None
    assert await known(world, "车库里全是水", "b2", category="water") is None
    assert await known(world, "车库里全是水") is None
    done = await sort_now(world)
    assert (done["founded"], done["masters"]) == ([], [])


async def test_a_sensors_topic_is_in_the_list_and_opens_the_orders_that_it_counts(world: World) -> None:
    put(world, said(FLOODS[:3]))
    for n in range(service.SENSOR_ALERTS + 1):
        await world.follow(world.alert(rule_uid=f"r{n}", severity="critical" if n == 1 else "info"))
    (master,) = (await sort_now(world))["masters"]
    assert (await world.by("susan").get(f"work-orders/{master}"))["severity"] == "critical"
    of_people, by_sensor = await topics(world)
    assert (of_people["kind"], by_sensor["kind"], by_sensor["master"]) == ("reports", "sensor", master)
    assert [by_sensor[name] for name in ("reports", "reporters", "places", "is_new")] == [4, 0, 1, True]
    cancelled = (await world.by("audrey").get(by_sensor["orders"]))["items"][0]["number"]
    change(world, cancelled, state="cancelled")
    told = await world.by("audrey").get(by_sensor["orders"])
    assert (told["count"], len(told["items"])) == (3, 3)
    assert (await topics(world))[1]["reports"] == 3
    assert await topics(world, "week=2026-W22") == []
    world.clock.advance(7 * DAY_US)
    for n in range(service.SENSOR_ALERTS):
        await world.follow(world.alert(rule_uid=f"s{n}"))
    await sort_now(world)
    (by_sensor,) = await topics(world, "week=2026-W24")
    assert [by_sensor[name] for name in ("reports", "before", "growth", "is_new")] == [3, [3, 0, 0, 0], "4.00", False]
    assert (await world.by("audrey").get(by_sensor["orders"]))["count"] == 3
    frozen = await world.by("susan").post("bulletins", {"week": "2026-W23"})
    assert [each["topic"] for each in frozen["body"]["topics"]] == [of_people["topic"]]  # what people report


async def test_sensors_whose_alerts_are_answered_open_no_master(world: World) -> None:
    for n in range(service.SENSOR_ALERTS):
        await world.follow(world.alert(rule_uid=f"r{n}"))
    world.rows("UPDATE work_orders SET state = 'answered'")
    done = await sort_now(world)
    assert (len(done["founded"]), done["masters"], done["adopted"]) == (1, [], [])


async def test_the_only_alert_of_a_pattern_that_is_not_answered_is_its_master(world: World) -> None:
    for n in range(service.SENSOR_ALERTS):
        await world.follow(world.alert(rule_uid=f"r{n}"))
    last, *others = [row["number"] for row in world.rows("SELECT number FROM work_orders ORDER BY number")]
    for each in others:
        change(world, each, state="answered")
    done = await sort_now(world)
    assert (done["masters"], done["adopted"]) == ([], [last])
    assert (await sort_now(world))["adopted"] == []


async def test_sensors_of_a_zone_in_no_building_are_a_pattern_of_that(world: World) -> None:
    for n in range(service.SENSOR_ALERTS):
        await world.follow(world.alert(rule_uid=f"r{n}", zone="z0"))
    await world.follow(world.alert(rule_uid="r9", zone="z1"))
    (master,) = (await sort_now(world))["masters"]
    order = await world.by("oscar").get(f"work-orders/{master}")
    assert (order["building"], order["zone"], order["worker"]) == (None, "z0", None)
    await world.by("oscar").post(f"work-orders/{master}/dispatch", {"worker": "gwen"})
    report = {"category": "water", "text": "大门口全是水", "zone": "z0"}
    assert (await world.by("rita").post("reports", report))["merged_into"] == master
    elsewhere = await world.by("rob").post("reports", {**report, "zone": "z1"})
    assert elsewhere["merged_into"] is None
    done = await sort_now(world)
    assert (done["founded"], done["masters"]) == ([], [])
    (topic,) = await topics(world)
    assert (topic["reports"], topic["places"]) == (3, 1)


async def test_sensors_of_nowhere_are_no_pattern(world: World) -> None:
    for n in range(service.SENSOR_ALERTS):
        await world.follow(world.alert(rule_uid=f"r{n}", building=None, zone=None, device="stray"))
    assert (await sort_now(world))["masters"] == []


async def test_a_pass_is_made_once_an_hour_of_the_estates_clock(world: World) -> None:
    put(world, said(SAID["lift"]))
    stop = asyncio.Event()
    await watch.look(world.resources, stop)
    assert len(await topics(world)) == 1
    put(world, said(SAID["noise"], 50))
    world.clock.advance(HOUR_US - 1)
    await watch.look(world.resources, stop)
    assert len(await topics(world)) == 1
    world.clock.advance(1)
    await watch.look(world.resources, stop)
    assert len(await topics(world)) == 2


async def test_hot_topics_stand_in_the_bulletin_without_names(world: World) -> None:
    put(world, said(SAID["lift"], title="王女士家电梯13812345678"))
    await sort_now(world)
    world.clock.advance(8 * 24 * HOUR_US)
    body = (await world.by("susan").post("bulletins", {"week": "2026-W23"}))["body"]
    assert [(each["label"], each["reporters"], each["is_new"]) for each in body["topics"]] == [
        ("某女士家电梯***", 5, True)
    ]


async def test_a_frozen_topic_says_what_it_grew_by_and_an_older_bulletin_stays_as_it_is(world: World) -> None:
    put(world, said(FLOODS[:3], at=NOW - timedelta(days=7)))
    await sort_now(world)
    put(world, said(FLOODS, 20))
    world.clock.advance(8 * DAY_US)
    frozen = await world.by("susan").post("bulletins", {"week": "2026-W23"})
    (topic,) = frozen["body"]["topics"]
    assert [topic[name] for name in ("reports", "reporters", "before", "growth")] == [6, 6, [3, 0, 0, 0], "8.00"]
    path = "bulletins/2026-W23/export"
    book = (await world.by("rita").call("GET", path)).content
    assert [text for _, text in cells(book, 4)[1]][1:] == [topic["topic"], "6", "6", "1", "3、0、0、0", "8.00", "否"]
    assert [text for _, text in cells(book, 5)[2]][1] == "2026-06-01T00:00:00+08:00"
    assert [text for _, text in cells(book, 5)[3]][1] == "2026-06-08T00:00:00+08:00"
    (row,) = world.rows("SELECT body FROM bulletins")
    old = {**row["body"], "format": 1}
    old["topics"] = [{name: topic[name] for name in ("topic", "label", "reporters", "places", "is_new")}]
    hash_ = digest(old)
    world.rows("UPDATE bulletins SET body = %(body)s, hash = %(hash_)s", body=Jsonb(old), hash_=hash_)
    told = await world.by("susan").get("bulletins/2026-W23")
    assert (told["body"], told["hash"], told["intact"]) == (old, hash_, True)
    book = (await world.by("rita").call("GET", path)).content
    assert [text for _, text in cells(book, 4)[1]][1:] == [topic["topic"], "6", "1", "否"]


async def test_what_is_printed_is_sorted_first_and_nothing_is_opened_for_it(world: World) -> None:
    put(world, said(FLOODS, at=NOW + timedelta(days=6, hours=11)))
    world.clock.advance(8 * DAY_US)
    orders = world.rows("SELECT count(*) FROM work_orders")
    draft = await world.by("audrey").get("bulletins/2026-W23/draft")
    assert [each["reporters"] for each in draft["body"]["topics"]] == [6]
    put(world, said(FLOODS[:1], 50, at=NOW + timedelta(days=6, hours=11)))
    frozen = await world.by("susan").post("bulletins", {"week": "2026-W23"})
    assert [each["reporters"] for each in frozen["body"]["topics"]] == [7]
    assert world.rows("SELECT count(*) - 1 AS count FROM work_orders") == orders
    await watch.look(world.resources, asyncio.Event())
    assert (await topics(world, "week=2026-W23"))[0]["master"] is not None  # the hour's pass was not put off


async def test_what_is_left_out_of_a_bulletin_names_no_topic(world: World) -> None:
    put(world, said(FLOODS[:4]))
    world.clock.advance(8 * DAY_US)
    path = "bulletins/2026-W23"
    (topic,) = (await world.by("susan").get(f"{path}/draft"))["body"]["topics"]
    left_out = number([redacted(text) for text in FLOODS].index(topic["label"]))
    await world.by("susan").post("bulletins", {"week": "2026-W23", "left_out": [left_out]})
    (printed,) = (await world.by("rita").get(path))["body"]["topics"]
    assert printed["label"] in {redacted(text) for text in FLOODS[:4]} - {topic["label"]}
    assert (await world.by("rita").get(path))["left_out"]["topics"] == 0


async def test_a_topic_that_is_called_by_an_earlier_week_can_be_called_otherwise(world: World) -> None:
    put(world, said(FLOODS[:3]) + said(["电梯坏了"], 20))
    await sort_now(world)
    world.clock.advance(7 * DAY_US)
    put(world, said(FLOODS[3:], 10, at=to_datetime(world.clock.now_us())))
    world.clock.advance(7 * DAY_US)
    (topic,) = (await world.by("susan").get("bulletins/2026-W24/draft"))["body"]["topics"]
    left_out = [number(n) for n in range(3)]
    unknown = {"week": "2026-W24", "left_out": [number(20)]}
    assert (await world.by("susan").call("POST", "bulletins", unknown)).status_code == 422
    frozen = await world.by("susan").post("bulletins", {"week": "2026-W24", "left_out": left_out})
    assert frozen["body"]["topics"][0]["topic"] == topic["topic"]
    assert frozen["body"]["topics"][0]["label"] in {redacted(text) for text in FLOODS[3:]}


async def test_no_resident_reads_the_number_of_an_order_in_the_id_of_a_topic(world: World) -> None:
    put(world, said(FLOODS[:3]))
    world.clock.advance(8 * DAY_US)
    frozen = await world.by("susan").post("bulletins", {"week": "2026-W23"})
    (drawn,) = [each["topic"] for each in frozen["body"]["topics"]]
    assert not any(row.number[2:] in drawn for row in said(FLOODS[:3]))
    assert (await world.by("rita").get("bulletins/2026-W23"))["body"] == frozen["body"]
    # One of before ids were drawn.
    old = "T20260511-000000"
    world.rows(f"""
        INSERT INTO topics (site, topic, kind, label, category, grams, members, first_at, last_at)
        SELECT site, '{old}', kind, label, category, grams, members, first_at, last_at FROM topics;
        UPDATE bulletins SET body = jsonb_set(body, '{{topics,0,topic}}', '"{old}"')""")
    assert (await world.by("rita").get("bulletins/2026-W23"))["body"]["topics"][0]["topic"] is None
    for who in ("susan", "audrey", "admin"):
        assert (await world.by(who).get("bulletins/2026-W23"))["body"]["topics"][0]["topic"] == old
    assert (await world.by("susan").get(f"topics/{old}/orders"))["count"] == 0


async def test_a_pass_needs_no_body(world: World) -> None:
    susan = world.by("susan")
    assert (await susan.call("POST", "topics/pass")).status_code == 200
    assert (await susan.call("POST", "topics/pass", {})).status_code == 200
    assert (await susan.call("POST", "topics/pass", {"week": 1})).status_code == 422
