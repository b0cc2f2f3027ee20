"""The weekly bulletin: to the digit, frozen, and corrected beside it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import random
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from api.categories.shipped import default_tree
from herun.clock import DAY_US, HOUR_US, parse_time
from tests.integration.api.many_orders import W20, Row, cells, change, hours, number, put
from tests.integration.api.open311 import client, taking_part
from tests.integration.api.running import World
from tests.integration.api.test_following import code
from tests.integration.api.test_order_audit import verdict
from tests.integration.api.test_order_cycle import answered, do, pass_time, reported

# Some category of each class.
OF_CLASS: Final = {leaf.top_class: name for name, leaf in default_tree().categories.items()}
# A published week: ten classes and the rest, in hundredths of a percent.
PUBLISHED: Final = {
    OF_CLASS[name]: share for name, share in {
        "labour": 2622, "health": 1819, "housing": 1717, "market": 776, "transport": 337, "livelihood": 336,
        "justice": 316, "public-order": 237, "district": 199, "city": 168,
    }.items()
}  # fmt: skip
TOP_TEN: Final = list(PUBLISHED)


def week_of(hundredths: dict[str, int], times: int = 1) -> list[Row]:
    """A week in which each category has its share of ten thousand reports (times `times`), in no order."""
    names = [name for name, count in hundredths.items() for _ in range(count * times)]
    draw = random.Random(7)
    draw.shuffle(names)
    return [
        Row(number(n), W20 + timedelta(seconds=n % 600_000), state="closed", category=name)
        for n, name in enumerate(names)
    ]


def with_rest(hundredths: dict[str, int]) -> dict[str, int]:
    """The rest is of a class that has less than the tenth, and of categories that have no class."""
    rest = 10_000 - sum(hundredths.values())
    ranked_too = min(rest, min(hundredths.values()) - 1)
    return {**hundredths, OF_CLASS["education"]: ranked_too, "odd": rest - ranked_too}


async def freeze(world: World, **more: Any) -> Any:
    return await world.by("susan").post("bulletins", {"week": "2026-W20", **more})


def printed(bulletin: Any) -> list[tuple[int, str, int, str]]:
    items = bulletin["body"]["ranking"]["items"]
    return [(item["rank"], item["top_class"]["zh"], item["count"], item["share"]) for item in items]


async def test_the_published_week_is_reproduced_to_the_digit(world: World) -> None:
    put(world, week_of(with_rest(PUBLISHED)))
    bulletin = await freeze(world)
    assert printed(bulletin) == [
        (1, "劳动人社", 2622, "26.22"), (2, "医疗卫生", 1819, "18.19"), (3, "住房城建", 1717, "17.17"),
        (4, "市场监管", 776, "7.76"), (5, "交通运输", 337, "3.37"), (6, "民生服务", 336, "3.36"),
        (7, "司法", 316, "3.16"), (8, "治安管理", 237, "2.37"), (9, "区县服务", 199, "1.99"),
        (10, "城市管理", 168, "1.68"),
    ]  # fmt: skip
    ranking = bulletin["body"]["ranking"]
    assert (ranking["rest"], ranking["shares_sum"]) == ({"count": 1473, "share": "14.73"}, "100.00")


@pytest.mark.parametrize("seed", [1, 2])
async def test_so_is_a_random_set_of_shares(world: World, seed: int) -> None:
    draw = random.Random(seed)
    cuts = sorted(draw.sample(range(1, 9000), 10))
    shares = sorted((b - a for a, b in zip([0, *cuts], cuts, strict=False)), reverse=True)
    wanted = dict(zip(TOP_TEN, shares, strict=True))
    put(world, week_of(with_rest(wanted) if min(shares) > 1 else {**wanted, "odd": 10_000 - sum(shares)}))
    ranking = (await freeze(world))["body"]["ranking"]
    assert [item["share"] for item in ranking["items"]] == [f"{each // 100}.{each % 100:02d}" for each in shares]
    assert Decimal(ranking["rest"]["share"]) == 100 - Decimal(sum(shares)) / 100
    assert ranking["shares_sum"] == "100.00"


async def test_shares_that_do_not_add_up_are_printed_as_they_are_with_their_sum(world: World) -> None:
    put(world, [Row(number(n), category=name) for n, name in enumerate(TOP_TEN[:3])])
    ranking = (await freeze(world))["body"]["ranking"]
    assert [(item["rank"], item["share"]) for item in ranking["items"]] == [(1, "33.33")] * 3
    assert (ranking["rest"]["share"], ranking["shares_sum"]) == ("0.00", "99.99")


async def test_people_are_counted_and_neither_sensors_nor_parts_nor_what_was_cancelled(world: World) -> None:
    put(world, [
        Row(number(0)), Row(number(1), state="merged", merged_into=number(0)), Row(number(2), state="cancelled"),
        Row(number(3), parent=number(0)), Row(number(4), reporter=None, channel="pattern"),
        Row(number(5), origin="alert"), Row(number(6), reporter=None, channel="anonymous"),
        Row(number(7), W20 + timedelta(days=7)),
    ])  # fmt: skip
    assert (await freeze(world))["body"]["ranking"]["total"] == 3


async def test_each_printed_class_opens_its_orders_and_so_does_the_rest(world: World) -> None:
    names = [*TOP_TEN[:3], "no-category-of-ours"]
    mixed = [Row(number(n), category=names[n % 4], origin=["report", "alert"][n % 5 == 0]) for n in range(40)]
    put(world, mixed)
    ranking = (await freeze(world))["body"]["ranking"]
    path = "figures/orders?week=2026-W20&measure=reported&class="
    for item in ranking["items"]:
        opened = await world.by("susan").get(path + item["top_class"]["zh"])
        assert opened["count"] == len(opened["items"]) == item["count"] > 0
        assert opened == await world.by("susan").get(path + item["top_class"]["en"])
    assert (await world.by("susan").get(f"{path}其他"))["count"] == ranking["rest"]["count"] == 8
    numbers = (await world.by("susan").get("figures?week=2026-W20&by=category&class=其他"))["total"]["numbers"]
    assert (await world.by("susan").get(numbers["reported"]["orders"]))["count"] == numbers["reported"]["count"] == 8
    unknown = await world.by("susan").call("GET", f"{path}nothing")
    assert (unknown.status_code, unknown.json()["errors"][0]["loc"]) == (422, ["query", "class"])


async def test_later_corrections_change_nothing_frozen_and_are_listed(world: World) -> None:
    put(world, [Row(number(n), category="water" if n < 6 else "noise") for n in range(8)])
    frozen = await freeze(world)
    change(world, number(0), category="noise")
    change(world, number(1), state="cancelled")
    change(world, number(2), state="merged", merged_into=number(3))
    change(world, number(4), category="lift", state="cancelled")
    put(world, [Row("WO20260512-000009", hours(30), category="noise")])
    assert await world.by("susan").get("bulletins/2026-W20") == frozen
    told = await world.by("susan").get("bulletins/2026-W20/corrections")
    assert {item["number"]: item["changes"] for item in told["items"]} == {
        number(0): ["recategorised"], number(1): ["cancelled"], number(2): ["merged"],
        number(4): ["recategorised", "cancelled"], "WO20260512-000009": ["added"],
    }  # fmt: skip
    assert told["counts"] == {"recategorised": 2, "cancelled": 2, "merged": 1, "added": 1}
    moved = next(item for item in told["items"] if item["number"] == number(0))
    assert (moved["category_then"], moved["category_now"]) == ("water", "noise")
    assert [(item["count"], item["share"]) for item in told["ranking_now"]["items"]] == [(4, "57.14"), (3, "42.86")]
    change(world, number(2), merged_into=None)
    assert "merged" not in (await world.by("susan").get("bulletins/2026-W20/corrections"))["counts"]
    pages = await world.by("susan").get("bulletins/2026-W20/corrections?limit=2")
    rest = await world.by("susan").get(f"bulletins/2026-W20/corrections?limit=9&cursor={pages['next_cursor']}")
    assert len(pages["items"]) + len(rest["items"]) == 4


async def test_a_correction_is_of_when_the_order_was_changed_and_not_of_its_last_step(world: World) -> None:
    moved, gone = await reported(world), await reported(world)
    world.clock.advance(8 * DAY_US)
    await freeze(world, week="2026-W23")
    at = {}
    for name, action, body in (
        (moved, "category", {"category": "noise", "reason": "Loud"}), (gone, "cancel", {"reason": "Withdrawn"}),
    ):  # fmt: skip
        world.clock.advance(HOUR_US)
        await world.by("oscar").post(f"work-orders/{name}/{action}", body)
        at[name] = world.clock.now_us()
    world.clock.advance(HOUR_US)
    await world.by("gwen").post(f"work-orders/{moved}/handle")
    told = (await world.by("susan").get("bulletins/2026-W23/corrections"))["items"]
    assert {item["number"]: parse_time(item["changed_at"]) for item in told} == at


async def test_the_desk_corrects_what_is_closed_and_the_frozen_bulletin_lists_it(world: World) -> None:
    name = await reported(world)
    await answered(world, name)
    await pass_time(world, 8 * DAY_US)
    frozen = await freeze(world, week="2026-W23")
    asked = {"category": "noise", "reason": "It was the pump's noise"}
    worker = await world.by("gwen").call("POST", f"work-orders/{name}/category", asked)
    assert (worker.status_code, worker.json()["type"]) == (409, "urn:herun:problem:wrong_state")
    assert (await world.by("oscar").post(f"work-orders/{name}/category", asked))["category"] == "noise"
    assert (await world.by("oscar").get(f"work-orders/{name}"))["state"] == "closed"
    assert await world.by("susan").get("bulletins/2026-W23") == frozen
    (moved,) = (await world.by("susan").get("bulletins/2026-W23/corrections"))["items"]
    assert (moved["number"], moved["changes"]) == (name, ["recategorised"])


async def test_an_answer_that_is_reopened_later_moves_no_correction(world: World) -> None:
    master, out, gone = [await reported(world) for _ in range(3)]
    await do(world, "oscar", out, "merge", master=master, reason="The same")
    await do(world, "rita", gone, "cancel", reason="It has stopped")
    world.clock.advance(8 * DAY_US)
    await freeze(world, week="2026-W23")
    at = {}
    for name, who, action in ((out, "oscar", "unmerge"), (gone, "rita", "reopen")):
        world.clock.advance(HOUR_US)
        await do(world, who, name, action, reason="It is another one")
        at[name] = world.clock.now_us()
    for name in at:
        world.clock.advance(HOUR_US)
        await answered(world, name)
        await do(world, "rita", name, "reopen", reason="It leaks again")
    told = (await world.by("susan").get("bulletins/2026-W23/corrections"))["items"]
    assert {item["number"]: parse_time(item["changed_at"]) for item in told} == at
    assert {item["number"]: item["changes"] for item in told} == {out: ["unmerged"], gone: ["added"]}


async def test_a_frozen_bulletin_proves_that_it_is_the_same(world: World) -> None:
    put(world, [Row(number(0))])
    frozen = await freeze(world)
    canonical = json.dumps(frozen["body"], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert frozen["hash"] == sha256(canonical.encode()).hexdigest()
    assert frozen["intact"]
    for statement in ("UPDATE bulletins SET hash = ''", "DELETE FROM bulletins", "DELETE FROM bulletin_orders"):
        with pytest.raises(InsufficientPrivilege):
            world.rows(statement, role="herun_api", bound_to="s1")
    world.rows("""UPDATE bulletins SET body = jsonb_set(body, '{ranking,items,0,share}', '"99.99"')""")
    assert not (await world.by("susan").get("bulletins/2026-W20"))["intact"]
    assert await code(world, "susan", "bulletins/2026-W20/export?format=csv") == (409, "not_intact")
    world.rows("UPDATE bulletins SET body = jsonb_set(body, '{examples}', '[]')")
    assert await code(world, "susan", "bulletins/2026-W20") == (409, "not_intact")
    world.rows("UPDATE bulletins SET body = '{}'")
    assert await code(world, "susan", "bulletins/2026-W20") == (409, "not_intact")


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE bulletins SET body = jsonb_set(body, '{site}', '\"s2\"')", "its body has another hash"),
        ("UPDATE bulletins SET hash = 'x'", "its hash is another one than the audit log has"),
        ("DELETE FROM bulletin_orders", "0 reports are kept of it, and it counts 1"),
        ("WITH o AS (DELETE FROM bulletin_orders) DELETE FROM bulletins", "it is gone"),
        ("UPDATE bulletins SET body = '[]'", "its body has another hash"),
        ("UPDATE bulletins SET sources = '{}'", "of its examples it is not known whose they are"),
        ("DELETE FROM audit_log WHERE action = 'bulletin.frozen'", "its hash is another one than the audit log has"),
    ],
)
async def test_the_audit_finds_a_bulletin_that_is_not_what_was_frozen(world: World, statement: str, found: str) -> None:
    put(world, [Row(number(0))])
    await freeze(world)
    assert not any("bulletin" in each for each in verdict(world).breaks)
    world.rows(statement)
    assert any(each.startswith("bulletin 2026-W20: ") and found in each for each in verdict(world).breaks)


async def test_a_week_is_frozen_once_and_not_before_it_is_over(world: World) -> None:
    put(world, [Row(number(0))])
    await freeze(world)
    again = await world.by("susan").call("POST", "bulletins", {"week": "2026-W20"})
    early = await world.by("susan").call("POST", "bulletins", {"week": "2026-W23"})
    codes = [response.json()["type"].rpartition(":")[2] for response in (again, early)]
    assert (again.status_code, early.status_code, codes) == (409, 409, ["already_frozen", "week_not_over"])
    assert (await world.by("rita").get("bulletins"))["items"][0]["week"] == "2026-W20"


async def test_examples_and_pairs_are_redacted_and_what_is_confidential_is_not_shown(world: World) -> None:
    put(world, [
        Row(number(0), text="我叫王小明,电话13812345678,苏E12345占了消防通道", answer="已联系您13812345678,车已挪走"),
        Row(number(1), confidential=True, answer="x", text="举报邻居"),
        Row(number(2), text="水管爆了", answer="修好了"),
        Row(number(3), text="不要这条", answer="好"),
    ])  # fmt: skip
    path = {"week": "2026-W20", "left_out": [number(3)]}
    secret = await world.by("susan").call("POST", "bulletins", {**path, "pairs": [{"number": number(1)}]})
    unknown = await world.by("susan").call("POST", "bulletins", {**path, "pairs": [{"number": number(9)}]})
    assert (secret.status_code, unknown.status_code) == (422, 422)
    frozen = await freeze(world, left_out=[number(3)], pairs=[{"number": number(0)}])
    body = json.dumps(frozen["body"], ensure_ascii=False)
    assert not any(word in body for word in ("王小明", "13812345678", "E12345", "举报邻居", "不要这条", "WO2026"))
    assert [example["text"] for example in frozen["body"]["examples"]] == [
        "我叫***,电话***,***占了消防通道",
        "水管爆了",
    ]
    assert frozen["body"]["pairs"][0]["answer"] == "已联系您***,车已挪走"
    assert frozen["sources"] == {"examples": [number(0), number(2)], "pairs": [number(0)]}
    for_all = await world.by("rita").get("bulletins/2026-W20")
    assert (for_all["sources"], for_all["orders"]) == (None, None)


async def test_each_class_of_a_bulletin_opens_its_orders(world: World) -> None:
    put(world, [Row(number(n), category=name) for n, name in enumerate(["water", "water", "noise", "no-such", "lift"])])
    draft, frozen = await world.by("susan").get("bulletins/2026-W20/draft"), await freeze(world)
    assert frozen["orders"] == draft["orders"]
    ranking = frozen["body"]["ranking"]
    counted = {each["top_class"]["zh"]: each["count"] for each in ranking["items"]} | {"其他": ranking["rest"]["count"]}
    assert {name: (await world.by("audrey").get(path))["count"] for name, path in frozen["orders"].items()} == counted


async def test_what_is_confided_after_the_freezing_is_shown_no_more(world: World) -> None:
    put(world, [
        Row(number(0), text="邻居打人", answer="已转办"), Row(number(1), text="水管爆了", answer="修好了"),
        Row("WO20260504-000001", W20 - timedelta(days=7), text="上周的事", answer="好了"), Row(number(2), text="别的"),
    ])  # fmt: skip
    old = "WO20260504-000001"
    frozen = await freeze(world, pairs=[{"number": number(0)}, {"number": number(1)}, {"number": old}])
    assert frozen["left_out"] == {"examples": 0, "pairs": 0, "topics": 0}
    for name in (number(0), old, number(2)):  # the last was counted, and none of its words were printed
        change(world, name, confidential=True)
    shown = await world.by("rita").get("bulletins/2026-W20")
    assert [each["text"] for each in shown["body"]["examples"]] == ["水管爆了"]
    assert [each["question"] for each in shown["body"]["pairs"]] == ["水管爆了"]
    assert shown["left_out"] == {"examples": 1, "pairs": 2, "topics": 0}
    assert (shown["hash"], shown["intact"]) == (frozen["hash"], True)
    assert (await world.admin.get("bulletins/2026-W20"))["sources"] == {"examples": [number(1)], "pairs": [number(1)]}
    book = (await world.by("rita").call("GET", "bulletins/2026-W20/export")).content
    assert cells(book, 2)[1:] == [[("s", "公用事业"), ("s", "水管爆了")]]
    assert cells(book, 5)[-1][1] == ("s", "典型诉求1条,问答2组,话题名称0个(已更名)")
    told = await world.by("susan").get("bulletins/2026-W20/corrections")
    assert {item["number"]: item["changes"] for item in told["items"]} == {
        number(0): ["confided"], old: ["confided"],
    }  # fmt: skip
    assert (told["counts"], told["left_out"]) == ({"confided": 2}, 0)
    told = await world.admin.get("bulletins/2026-W20/corrections")
    assert (told["items"], told["counts"], told["left_out"]) == ([], {"confided": 2}, 2)
    change(world, number(0), confidential=False)
    assert (await world.by("rita").get("bulletins/2026-W20"))["left_out"] == {"examples": 0, "pairs": 1, "topics": 0}


async def test_an_example_is_what_the_person_said_and_not_their_form(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    form = {"service_code": "lift", "address_id": "b1", "attribute[trapped]": "no"}
    asked = await one.submitted(**form, description="电梯坏了\n两天没人修")
    await one.submitted(**form, description="", address_string="1号楼")
    world.clock.advance(8 * DAY_US)
    frozen = await freeze(world, week="2026-W23", pairs=[{"number": asked, "answer": "修好了"}])
    assert [each["text"] for each in frozen["body"]["examples"]] == ["电梯坏了\n两天没人修", "电梯故障"]
    assert frozen["body"]["pairs"][0]["question"] == "电梯坏了\n两天没人修"


async def test_a_week_before_anybody_reported_is_not_frozen(world: World) -> None:
    put(world, [Row(number(0)), Row(number(1), W20 - timedelta(days=7), origin="alert")])
    refused = await world.by("susan").call("POST", "bulletins", {"week": "2026-W19"})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:herun:problem:before_first_report")
    await freeze(world)
    await freeze(world, week="2026-W21")  # a quiet week is one


async def test_a_class_that_is_called_the_rest_is_the_rest_whatever_its_id(world: World) -> None:
    tree = (await world.admin.get("categories"))["tree"]
    qita = {"class": "qita", "zh": "其他", "en": "Everything else"}
    classes = [qita if each["class"] == "rest" else each for each in tree["classes"]]
    leaves = [{**each, "class": "qita"} if each["class"] == "rest" else each for each in tree["categories"]]
    await world.admin.put("categories", {**tree, "classes": classes, "categories": leaves})
    put(world, [*(Row(number(n), category="other") for n in range(3)), Row(number(9), category="lift")])
    ranking = (await world.by("susan").get("bulletins/2026-W20/draft"))["body"]["ranking"]
    assert ([item["top_class"]["zh"] for item in ranking["items"]], ranking["rest"]["count"]) == (["住房城建"], 3)
    for name in ("其他", "qita"):
        path = f"figures/orders?measure=reported&week=2026-W20&class={name}"
        assert (await world.by("susan").get(path))["count"] == 3


async def test_a_draft_is_what_would_be_frozen(world: World) -> None:
    put(world, [Row(number(n)) for n in range(3)])
    draft = await world.by("audrey").get("bulletins/2026-W20/draft")
    assert (await world.by("susan").call("GET", "bulletins/2026-W20")).status_code == 404
    assert (await freeze(world))["body"] == draft["body"]


async def test_what_people_wrote_is_no_formula_in_the_files(world: World) -> None:
    put(world, [Row(number(0), text="=HYPERLINK(1)", answer="+1"), Row(number(1), category="lift")])
    await freeze(world, pairs=[{"number": number(0)}])
    text = (await world.by("rita").call("GET", "bulletins/2026-W20/export?format=csv")).content.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        ["排名", "类别", "诉求量", "占比(%)"], ["1", "住房城建", "1", "50.00"], ["1", "公用事业", "1", "50.00"],
        ["", "其余类别", "0", "0.00"], ["", "合计", "2", "100.00"],
    ]  # fmt: skip
    book = (await world.by("rita").call("GET", "bulletins/2026-W20/export")).content
    assert cells(book)[1] == [(None, "1"), ("s", "住房城建"), (None, "1"), (None, "50.00")]
    assert cells(book, 3)[1] == [("s", "=HYPERLINK(1)"), ("s", "+1")]


async def test_two_who_freeze_at_once_freeze_one(world: World) -> None:
    put(world, [Row(number(n)) for n in range(50)])
    with psycopg.connect(world.database_url) as held:
        held.execute("SELECT 1 FROM sites WHERE site = 's1' FOR UPDATE")
        both = [asyncio.create_task(world.by(who).call("POST", "bulletins", {"week": "2026-W20"}))
                for who in ("susan", "susan")]  # fmt: skip
        await asyncio.wait(both, timeout=0.3)
    assert sorted([(await each).status_code for each in both]) == [201, 409]


def test_each_of_the_published_classes_is_one_of_ours() -> None:
    names = {zh for zh, _ in default_tree().classes.values()}
    assert {
        "劳动人社", "医疗卫生", "住房城建", "市场监管", "交通运输", "民生服务", "司法", "治安管理", "区县服务",
        "城市管理",
    } <= names  # fmt: skip
