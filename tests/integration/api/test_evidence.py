"""Evidence packs of orders and alerts."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import unicodedata
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from nacl.signing import SigningKey
from PIL import Image
from psycopg.types.json import Jsonb

from api.evidence import service, store
from herun.clock import SECOND_US
from herun.evidence import check_pack, make_pack
from tests.integration.api.open311 import client, taking_part
from tests.integration.api.running import World
from tests.integration.api.test_following import reported
from tests.integration.api.test_merged_orders import merged
from tests.integration.api.test_order_cycle import answered, do
from tests.integration.api.test_order_strays import a_rated_order
from tests.integration.api.test_pictures import photo, send


async def pack(world: World, path: str, who: str = "susan", *, query: str = "") -> bytes:
    response = await world.by(who).call("GET", f"{path}/evidence{query}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/zip"
    return response.content


def files_of(content: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")}


async def test_an_orders_pack_is_signed_whole_and_without_names_of_residents(world: World) -> None:
    text = "我叫张三丰,电话13912345678,地下室漏水"
    order = await world.by("rita").post("reports", {"category": "water", "text": text})
    await world.by("gwen").post(f"work-orders/{order['number']}/handle", {"reason": "找王女士,13912345678"})
    content = await pack(world, f"work-orders/{order['number']}")
    key = (await world.by("audrey").get("/v1/evidence-key"))["public_key"]
    assert check_pack(content, key) == []
    files = files_of(content)
    assert [entry["action"] for entry in files["history.json"]] == ["opened", "accept", "dispatch", "handle"]
    assert [entry["actor"] for entry in files["history.json"]] == ["reporter", "system", "system", "gwen"]
    assert all(len(entry["hash"]) == 64 for entry in files["history.json"])
    assert "漏水" in files["order.json"]["text"]["zh"]
    told = json.dumps(files, ensure_ascii=False)
    for personal in ("13912345678", "13800001234", "张三丰", "rita", "王"):
        assert personal not in told
    audit = (await world.by("audrey").get("audit?action=evidence.packed"))["items"]
    assert [(entry["actor"], entry["subject"]) for entry in audit] == [("susan", order["number"])]


async def test_a_pack_has_no_name_that_is_known_here(world: World) -> None:
    text = "欧阳锋家漏水,Rita's kitchen too. 都是麦小明说的"
    order = await world.by("oscar").post(
        "reports",
        {"category": "water", "text": text, "building": "b1", "caller": {"name": "欧阳锋", "phone": "13912345678"}},
    )
    own = await world.by("rita").post("reports", {"category": "water", "text": "Rita: 还是漏水,margarita"})
    await world.by("oscar").post(
        f"work-orders/{own['number']}/merge", {"master": order["number"], "reason": "Rita said 欧阳锋"}
    )
    files = files_of(await pack(world, f"work-orders/{order['number']}"))
    assert files["order.json"]["text"]["zh"] == "***家漏水,***'s kitchen too. 都是麦小明说的"
    assert files["order.json"]["title"]["zh"].startswith("***家漏水")
    assert files["related.json"][0]["text"]["zh"] == "***: 还是漏水,margarita"
    merged = files_of(await pack(world, f"work-orders/{own['number']}"))
    assert next(each["reason"] for each in merged["history.json"] if each["action"] == "merge") == "*** said ***"


async def test_a_name_that_is_found_once_is_taken_out_everywhere(world: World) -> None:
    order = await world.by("rita").post("reports", {"category": "water", "text": "我叫王小明,家里漏水"})
    path = f"work-orders/{order['number']}"
    await world.by("gwen").post(f"{path}/handle", {"reason": "王小明开的门"})
    await world.by("gwen").post(f"{path}/questions", {"text": "王小明您好,在哪栋?"})
    files = files_of(await pack(world, path))
    assert "王小明" not in json.dumps(files, ensure_ascii=False)
    assert files["history.json"][-2]["reason"] == "***开的门"


async def test_all_times_of_a_pack_are_written_alike(world: World) -> None:
    number = await a_rated_order(world)
    await send(world, "rita", number)
    files = files_of(await pack(world, f"work-orders/{number}"))
    times = re.findall(r'"(20\d\d-\d\d-\d\d[ T][^"]*)"', json.dumps(files))
    assert len(times) > 10
    written = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
    assert [each for each in times if not written.fullmatch(each)] == []


async def test_a_pack_has_no_name_that_a_client_of_open311_sent_along(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = await one.submitted(description="麦小明: 王家漏水", first_name="小明", last_name="麦")
    files = files_of(await pack(world, f"work-orders/{number}"))
    assert files["order.json"]["text"]["zh"] == "***: 王家漏水"


async def test_an_alerts_pack_tells_what_its_device_said_around_it(world: World) -> None:
    alert = world.alert(opens_order=True)
    world.add_alert(alert)
    await world.follow(alert)
    files = files_of(await pack(world, f"alerts/{alert.alert_id}", "audrey"))
    assert files["alert.json"]["alert_id"] == alert.alert_id
    assert len(files["alert_versions.json"]) == 1
    (order,) = (await world.by("susan").get("work-orders"))["items"]
    assert "alert.json" in files_of(await pack(world, f"work-orders/{order['number']}"))


async def test_while_the_texts_of_a_pack_are_redacted_others_are_served(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = set[threading.Thread]()

    def noted(function: Callable[[str], Any]) -> Callable[[str], Any]:
        def noting(text: str) -> Any:
            by.add(threading.current_thread())
            return function(text)

        return noting

    for name in ("names_in", "redacted"):
        monkeypatch.setattr(service, name, noted(getattr(service, name)))
    alert = world.alert(opens_order=True)
    world.add_alert(alert)
    await world.follow(alert)
    (order,) = (await world.by("susan").get("work-orders"))["items"]
    for path in (f"work-orders/{order['number']}", f"alerts/{alert.alert_id}"):
        by.clear()
        await pack(world, path)
        assert by
        assert threading.current_thread() not in by


async def test_packs_are_for_supervisors_and_auditors(world: World) -> None:
    order = await world.by("rita").post("reports", {"category": "water", "text": "w"})
    for who in ("rita", "gwen", "oscar"):
        assert (await world.by(who).call("GET", f"work-orders/{order['number']}/evidence")).status_code == 403
    assert (await world.by("susan").call("GET", "work-orders/WO20260101-000001/evidence")).status_code == 404


def pictures_in(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name.startswith("pictures/")}


async def test_pictures_are_in_a_pack_only_where_they_are_asked_for_and_it_says_that_they_are_not_blurred(
    world: World,
) -> None:
    number = await reported(world)
    await send(world, "rita", number)
    world.clock.advance(SECOND_US)
    await send(world, "gwen", number, "after")
    without = await pack(world, f"work-orders/{number}")
    assert pictures_in(without) == {}
    files = files_of(without)
    assert [(each["sent_by"], each["file"], each["left_out"]) for each in files["pictures.json"]] == [
        ("reporter", None, "not asked for"), ("gwen", None, "not asked for"),
    ]  # fmt: skip
    assert files["manifest.json"]["pictures"] == {
        "known": 2, "included": 0, "blurred": False, "note": service._LEFT_OUT,
    }  # fmt: skip
    content = await pack(world, f"work-orders/{number}", "audrey", query="?pictures=true")
    assert check_pack(content) == []
    files = files_of(content)
    assert files["manifest.json"]["pictures"] == {
        "known": 2, "included": 2, "blurred": False, "note": service._NOT_BLURRED,
    }  # fmt: skip
    inside = pictures_in(content)
    assert {each["file"] for each in files["pictures.json"]} == set(inside)
    assert {each["as_sent"] for each in files["pictures.json"]} == {True}
    for data in inside.values():
        assert b"SecretCamera" not in data
        with Image.open(io.BytesIO(data)) as image:
            assert dict(image.getexif()) == {}
    (entry, _) = (await world.by("audrey").get("audit?action=evidence.packed"))["items"]
    assert set(inside) < set(entry["detail"]["files"])


async def test_a_picture_that_was_exchanged_in_a_pack_or_among_the_objects_is_found(world: World) -> None:
    sent = (await world.by("rita").send("pictures", photo())).json()
    report = {"category": "water", "text": "Water", "pictures": [sent["id"]]}
    number = (await world.by("rita").post("reports", report))["number"]
    (entry,) = [
        each
        for each in files_of(await pack(world, f"work-orders/{number}"))["history.json"]
        if each["action"] == "pictured"
    ]
    path = f"work-orders/{number}"
    content = await pack(world, path, query="?pictures=true")
    (name,) = pictures_in(content)
    assert entry["detail"]["sha256"] == [files_of(content)["pictures.json"][0]["sha256"]]
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(buffer, "w") as after:
        for each in before.namelist():
            after.writestr(each, photo(50) if each == name else before.read(each))
    assert check_pack(buffer.getvalue()) == [f"{name} was changed"]
    (stored,) = world.resources.settings.objects.rglob("*.whole.jpg")
    world.is_tampered_with = True
    stored.write_bytes(photo(50))
    (told,) = files_of(await pack(world, path, query="?pictures=true"))["pictures.json"]
    assert (told["file"], told["as_sent"]) == (name, False)
    stored.unlink()
    (told,) = files_of(await pack(world, path, query="?pictures=true"))["pictures.json"]
    assert (told["file"], told["left_out"]) == (None, "gone")


async def test_pictures_for_which_a_pack_has_no_room_are_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await reported(world)
    await send(world, "rita", number)
    await send(world, "rita", number)
    (size, _) = [each["bytes"] for each in (await world.by("rita").get(f"work-orders/{number}/pictures"))["items"]]
    monkeypatch.setattr(service, "MAX_PICTURE_BYTES", 2 * size - 1)
    content = await pack(world, f"work-orders/{number}", query="?pictures=true")
    assert [each["left_out"] for each in files_of(content)["pictures.json"]] == [None, "no room"]
    assert len(pictures_in(content)) == 1
    assert files_of(content)["manifest.json"]["pictures"]["included"] == 1


async def test_who_gets_no_pack_gets_no_pictures_by_it(world: World) -> None:
    number = await reported(world)
    for who in ("rita", "gwen", "oscar", "admin"):
        answer = await world.by(who).call("GET", f"work-orders/{number}/evidence?pictures=true")
        assert answer.status_code == 403, who


async def test_what_was_answered_to_the_categorys_questions_is_redacted_too(world: World) -> None:
    attributes = {"amount": "2000", "paid_on": "2026-05-01"}
    report = {"category": "deposit", "text": "押金", "attributes": attributes}
    number = (await world.by("rita").post("reports", report))["number"]
    told = {"amount": "13812345678", "paid_on": ["找王五 京A12345", {"wx": "微信wx_abcd"}]}
    world.rows("UPDATE work_orders SET attributes = %(told)s", told=Jsonb(told))
    order = files_of(await pack(world, f"work-orders/{number}"))["order.json"]
    shown = json.dumps(order["attributes"], ensure_ascii=False)
    for personal in ("13812345678", "A12345", "wx_abcd"):
        assert personal not in shown
    assert set(order["attributes"]) == {"amount", "paid_on"}
    assert "possible_actions" not in order


async def test_a_pack_has_who_was_asked_whose_time_it_was_and_what_was_merged(world: World) -> None:
    number = await a_rated_order(world)
    susan, path = world.by("susan"), f"work-orders/{number}"
    await world.by("rita").post(f"{path}/reopen", {"reason": "no"})
    await susan.post(f"{path}/questions", {"text": "Since when? 13912345678"})
    await world.by("rita").post(f"{path}/questions/answer", {"text": "今天,13912345678"})
    other = (await world.by("rob").post("reports", {"category": "water", "text": "我叫张三丰,漏水"}))["number"]
    await susan.post(f"work-orders/{other}/merge", {"master": number, "reason": "the same"})
    part = (await susan.post(f"{path}/split", {"text": "the pipe"}))["number"]
    content = await pack(world, path)
    files = files_of(content)
    (question,) = files["questions.json"]
    assert (question["asked_by"], question["outcome"]) == ("susan", "answered")
    assert question["answer"].startswith("今天")
    clocks = files["clocks.json"]
    assert [(each["asked_by"], each["approved"], each["decided_by"]) for each in clocks["pauses"]] == [
        ("gwen", True, "susan")
    ]
    assert [(each["minutes"], each["decided_by"]) for each in clocks["extensions"]] == [(60, "susan")]
    assert [each["outcome"] for each in clocks["promises"]] == ["answered", "answered", None]
    assert [(each["number"], each["relation"]) for each in files["related.json"]] == [(other, "merged"), (part, "part")]
    told = json.dumps(files, ensure_ascii=False)
    for personal in ("13912345678", "张三丰", "rita", "rob"):
        assert personal not in told


async def test_what_a_merged_orders_reporter_said_stays_in_the_pack_when_its_master_is_reopened(world: World) -> None:
    master, twin = await merged(world)
    opinions: list[dict[str, Any]] = [
        {"score": 1, "solved": False, "comment": "Still wet"},
        {"score": 4, "solved": True, "comment": None},
    ]
    for n, opinion in enumerate(opinions):
        await answered(world, master)
        await do(world, "rob", twin, "rate", **opinion)
        await do(world, "oscar", master, "reopen", reason="Once more")
        (related,) = files_of(await pack(world, f"work-orders/{master}"))["related.json"]
        expected = {"round": n, **opinion}
        assert {name: related[name] for name in expected} == expected
        world.clock.advance(SECOND_US)


async def test_a_pack_says_which_hashes_can_be_made_again_and_they_are(world: World) -> None:
    number = (await world.by("rita").post("reports", {"category": "water", "text": "w"}))["number"]
    await world.by("gwen").post(f"work-orders/{number}/handle", {"reason": "找王女士,13912345678"})
    key = SigningKey(b"k" * 32)
    files = files_of(await pack(world, f"work-orders/{number}"))
    about = files.pop("manifest.json")
    assert [(each["action"], each["as_written"]) for each in files["history.json"]] == [
        ("opened", False), ("accept", True), ("dispatch", True), ("handle", False),
    ]  # fmt: skip
    assert about["chain"]["redacted"] == [1, 4]

    def checked(history: list[dict[str, Any]]) -> list[str]:
        return check_pack(make_pack({"history.json": json.dumps(history).encode()}, about, key))

    assert checked(files["history.json"]) == []
    files["history.json"][1]["actor"] = "oscar"
    assert checked(files["history.json"]) == ["history.json: the hash of entry 2 is not of its words"]


async def test_what_tells_nobody_stands_to_the_character_and_its_hash_can_be_made_again(world: World) -> None:
    said = "①号楼水管漏水，已修好！（№ 5 ½）"
    report = {"category": "water", "text": said, "building": "b1"}
    number = (await world.by("rita").post("reports", report))["number"]
    await world.by("gwen").post(f"work-orders/{number}/handle", {"reason": said})
    await world.by("gwen").post(f"work-orders/{number}/notes", {"text": f"{said}１３９１２３４５６７８"})
    content = await pack(world, f"work-orders/{number}")
    files = files_of(content)
    assert files["order.json"]["text"]["zh"] == said
    assert [(each["reason"], each["as_written"]) for each in files["history.json"][-2:]] == [
        (said, True), (f"{unicodedata.normalize('NFKC', said)}***", False),
    ]  # fmt: skip
    assert files["manifest.json"]["chain"]["redacted"] == [1, 5]
    assert check_pack(content) == []


async def test_a_pack_says_how_much_it_leaves_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    alert = world.alert(device="d1")
    world.add_alert(alert)
    await world.follow(alert)
    (order,) = (await world.by("susan").get("work-orders"))["items"]
    for n in range(3):
        world.add_event(n)
    whole = {"history.json": 0, "alert_versions.json": 0, "events.json": 0}
    path = f"work-orders/{order['number']}"
    files = files_of(await pack(world, path))
    assert files["manifest.json"]["left_out"] == whole
    entries = len(files["history.json"])
    assert all("known" not in entry for entry in files["history.json"])
    monkeypatch.setattr(service, "MAX_EVENTS", 3)
    assert files_of(await pack(world, path))["manifest.json"]["left_out"] == whole
    monkeypatch.setattr(service, "MAX_EVENTS", 2)
    monkeypatch.setattr(store, "MAX_ENTRIES", 1)
    content = await pack(world, path)
    files = files_of(content)
    assert files["manifest.json"]["left_out"] == whole | {"history.json": entries - 1, "events.json": 1}
    assert (len(files["history.json"]), len(files["events.json"])) == (1, 2)
    assert check_pack(content) == []
    files = files_of(await pack(world, f"alerts/{alert.alert_id}"))
    assert files["manifest.json"]["left_out"] == {"alert_versions.json": 0, "events.json": 1}


@pytest.mark.parametrize(
    ("change", "as_sent"),
    [("sha256 = %(sha256)s", False), ("id = gen_random_uuid(), sha256 = %(sha256)s", False), ("look = 0", True)],
)
async def test_that_a_picture_is_as_sent_the_history_says_and_not_the_table(
    world: World, change: str, as_sent: bool
) -> None:
    number = await reported(world)
    await send(world, "rita", number)
    (stored,) = world.resources.settings.objects.rglob("*.whole.jpg")
    if not as_sent:
        stored.write_bytes(photo(50))
    world.rows(f"UPDATE pictures SET {change}", sha256=hashlib.sha256(photo(50)).hexdigest())
    (row,) = world.rows("SELECT id FROM pictures")
    stored.rename(stored.with_name(f"{row['id']}.whole.jpg"))
    files = files_of(await pack(world, f"work-orders/{number}", query="?pictures=true"))
    assert files["pictures.json"][0]["as_sent"] is as_sent
