"""Pictures of orders: taken in, shown to few, asked for before an order is resolved, and deleted."""

from __future__ import annotations

import io
import itertools
import os
import re
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from PIL import Image

from api.limits import MAX_PICTURE_BYTES
from api.pictures import service
from api.transactions import begin
from herun.clock import DAY_US, HOUR_US, SECOND_US, to_datetime
from herun.order_audit import verify
from herun.order_pictures import Album
from tests.integration.api.running import SITE, World
from tests.integration.api.test_following import actions, code, reported

_SHADES: Final = itertools.cycle(range(120, 250))
LEAK: Final = {"category": "leak", "text": "It drips from the ceiling", "building": "b1"}


def photo(shade: int = 100) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    Image.linear_gradient("L").point(lambda each: each * shade // 255).save(out, "JPEG", exif=exif)
    return out.getvalue()


async def send(world: World, who: str, number: str, kind: str = "evidence") -> Any:
    taken = photo(next(_SHADES) if kind == "after" else 100)  # of after each is another one
    return await world.by(who).send(f"work-orders/{number}/pictures?kind={kind}", taken)


async def first(world: World, number: str) -> str:
    items = (await world.by("susan").get(f"work-orders/{number}/pictures"))["items"]
    return f"work-orders/{number}/pictures/{items[0]['id']}"


async def test_a_picture_is_read_by_those_who_see_the_order_and_each_look_is_written_down(world: World) -> None:
    number = await reported(world)
    assert (await send(world, "rita", number)).status_code == 201
    path = await first(world, number)
    for who, status in (("rob", 404), ("ruth", 404), ("greg", 404), ("rita", 200), ("gwen", 200), ("audrey", 200)):
        assert (await world.by(who).call("GET", path)).status_code == status, who
    whole = await world.by("oscar").call("GET", path)
    small = await world.by("oscar").call("GET", f"{path}?size=thumbnail")
    assert whole.headers["content-type"] == "image/jpeg"
    assert b"SecretCamera" not in whole.content
    assert len(small.content) <= len(whole.content)
    seen = (await world.by("audrey").get("audit?action=picture.seen"))["items"]
    assert [each["actor"] for each in seen] == ["oscar", "oscar", "audrey", "gwen", "rita"]
    assert (await actions(world, number))[-1] == "pictured"


async def test_a_picture_of_one_order_is_not_read_through_another(world: World) -> None:
    hers, his = await reported(world), await reported(world, "rob")
    await send(world, "rita", hers)
    path = (await first(world, hers)).replace(hers, his)
    assert (await world.by("rob").call("GET", path)).status_code == 404


async def test_strangers_add_nothing_and_the_reporter_does_not_show_what_it_looks_like_afterwards(world: World) -> None:
    number = await reported(world)
    codes = [(await send(world, who, number)).status_code for who in ("rob", "greg", "paul")]
    assert codes == [404, 404, 404]
    assert (await send(world, "rita", number, "after")).status_code == 403
    assert (await send(world, "gwen", number, "after")).status_code == 201


async def test_what_is_no_picture_or_too_large_is_refused(world: World) -> None:
    number = await reported(world)
    path = f"work-orders/{number}/pictures?kind=before"
    assert (await world.by("rita").send(path, b"<script>")).status_code == 422
    assert (await world.by("rita").send(path, b"\0" * (MAX_PICTURE_BYTES + 1))).status_code == 413
    assert (await world.by("rita").get(f"work-orders/{number}/pictures"))["items"] == []


async def test_an_order_has_so_many_pictures_and_no_more(world: World) -> None:
    number = await reported(world)
    for who, most in (("gwen", service.MAX_OF_OTHERS), ("rita", service.MAX_OF_REPORTER)):
        codes = [(await send(world, who, number)).status_code for _ in range(most + 1)]
        assert codes == [201] * most + [409]


async def test_pictures_of_an_anonymous_report_take_no_room_of_the_desks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_OF_OTHERS", 1)
    sent = (await world.nobody.send("anonymous-reports/pictures", photo())).json()
    report = {"category": "water", "text": "Water", "building": "b1", "pictures": [sent["id"]]}
    await world.nobody.post("/v1/sites/s1/anonymous-reports", report)
    (order,) = (await world.by("oscar").get("work-orders"))["items"]
    codes = [(await send(world, "oscar", order["number"])).status_code for _ in range(2)]
    assert codes == [201, 409]


async def test_what_resolving_asks_for_is_taken_in_however_many_pictures_there_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_OF_REPORTER", 1)
    monkeypatch.setattr(service, "MAX_OF_OTHERS", 1)
    number = (await world.by("rita").post("reports", LEAK))["number"]
    await world.by("oscar").post(f"work-orders/{number}/dispatch", {"worker": "paul"})
    assert (await send(world, "rita", number)).status_code == 201
    assert (await send(world, "rita", number, "before")).status_code == 409
    assert (await send(world, "oscar", number)).status_code == 201
    for again in (False, True):
        if again:
            world.clock.advance(SECOND_US)
            await world.by("rita").post(f"work-orders/{number}/reopen", {"reason": "It drips still"})
            await world.by("oscar").post(f"work-orders/{number}/dispatch", {"worker": "paul"})
        await world.by("paul").post(f"work-orders/{number}/handle")
        kinds = ["before", "after", "before", "after", "evidence"]
        codes = [(await send(world, "paul", number, kind)).status_code for kind in kinds]
        assert codes == [409 if again else 201, 201, 409, 409, 409]
        for action in ("resolve", "answer"):
            await world.by("paul").post(f"work-orders/{number}/{action}", {"text": "Sealed"})


async def test_a_picture_that_was_sent_ahead_is_named_once_and_by_its_sender(world: World) -> None:
    sent = (await world.by("rita").send("pictures", photo())).json()
    named = {"category": "water", "text": "Water", "pictures": [sent["id"]]}
    assert await code(world, "rob", "reports", named) == (422, "unknown_picture")
    number = (await world.by("rita").post("reports", named))["number"]
    assert [each["kind"] for each in (await world.by("rita").get(f"work-orders/{number}/pictures"))["items"]] == [
        "before"
    ]
    assert await code(world, "rita", "reports", named) == (422, "unknown_picture")
    late = (await world.by("rita").send("pictures", photo())).json()
    world.clock.advance(HOUR_US)
    assert (await code(world, "rita", "reports", {**named, "pictures": [late["id"]]}))[1] == "unknown_picture"


async def test_nobody_fills_the_store_with_pictures_that_no_report_names(world: World) -> None:
    codes = [(await world.by("rita").send("pictures", photo())).status_code for _ in range(service.MAX_WAITING + 1)]
    assert codes == [201] * service.MAX_WAITING + [409]


async def test_a_category_asks_for_pictures_before_the_order_is_resolved(world: World) -> None:
    number = (await world.by("rita").post("reports", LEAK))["number"]
    await world.by("oscar").post(f"work-orders/{number}/dispatch", {"worker": "paul"})
    await world.by("paul").post(f"work-orders/{number}/handle")
    done = {"text": "Sealed"}
    assert await code(world, "paul", f"work-orders/{number}/resolve", done) == (409, "pictures_missing")
    await send(world, "rita", number, "before")
    assert await code(world, "paul", f"work-orders/{number}/resolve", done) == (409, "pictures_missing")
    await send(world, "paul", number, "after")
    assert (await world.by("paul").post(f"work-orders/{number}/resolve", done))["state"] == "resolved"


async def test_what_it_looks_like_afterwards_is_no_picture_from_before(world: World) -> None:
    number, copy = await reported(world), await reported(world)
    for each, shade in ((number, 30), (copy, 40)):
        path = f"work-orders/{each}/pictures?kind=before"
        assert (await world.by("rita").send(path, photo(shade))).status_code == 201
    await world.by("oscar").post(f"work-orders/{copy}/merge", {"master": number, "reason": "The same"})
    path = f"work-orders/{number}/pictures"
    for shade in (30, 40):  # of its own reporter, and of what was merged
        refused = await world.by("gwen").send(f"{path}?kind=after", photo(shade))
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:herun:problem:same_picture")
    assert [
        (await world.by("gwen").send(f"{path}?kind={kind}", photo(50))).status_code
        for kind in ("after", "after", "evidence", "before")
    ] == [201, 409, 201, 409]
    refused = await world.by("oscar").send(f"work-orders/{copy}/pictures?kind=after", photo(30))
    assert refused.json()["type"] == "urn:herun:problem:same_picture"


async def test_a_picture_is_deleted_when_its_time_is_over(world: World) -> None:
    number = await reported(world)
    await send(world, "rita", number)
    files = [path for path in world.resources.settings.objects.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert await service.forget(world.resources, 10) == 0
    world.clock.advance(366 * DAY_US)
    assert await service.forget(world.resources, 10) == 1
    assert not any(path.exists() for path in files)
    assert world.rows("SELECT * FROM pictures") == []


def held(world: World, days: int = 0, *, folder: bool = True) -> str:
    """What is said of the pictures, so many days later: without their ids."""
    now = to_datetime(world.clock.now_us() + days * DAY_US)
    album = Album(world.resources.settings.objects if folder else None, now)
    (verdict,) = verify(world.servers.superuser_url, SITE, album=album)
    return re.sub("[0-9a-f]{8}(-[0-9a-f]{4,12}){4}", "P", "; ".join(each.partition(": ")[2] for each in verdict.breaks))


SENT: Final = "id IN (SELECT id FROM pictures WHERE kind = 'evidence')"
AHEAD: Final = "id IN (SELECT id FROM pictures WHERE kind = 'before')"
NOT_SAID: Final = "its picture P is not what its history says"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (f"UPDATE pictures SET sha256 = repeat('0', 64) WHERE {SENT}", NOT_SAID),
        (f"UPDATE pictures SET sha256 = NULL WHERE {AHEAD}", NOT_SAID),
        (f"UPDATE pictures SET kind = 'after' WHERE {AHEAD}", NOT_SAID),
        (f"UPDATE pictures SET sent_by = 'rob' WHERE {SENT}", NOT_SAID),
        (f"UPDATE pictures SET sent_at = sent_at + interval '1 hour' WHERE {SENT}", NOT_SAID),
        (f"UPDATE pictures SET number = NULL WHERE {AHEAD}", "its picture P is gone before its time"),
        (f"DELETE FROM pictures WHERE {SENT}", "its picture P is gone before its time"),
        ("UPDATE pictures SET id = gen_random_uuid() WHERE kind = 'before'", "P is in no entry of its history"),
    ],
)
async def test_pictures_are_held_against_the_history(world: World, change: str, told: str) -> None:
    sent = (await world.by("rita").send("pictures", photo(50))).json()["id"]
    report = {"category": "water", "text": "Water", "pictures": [sent]}
    number = (await world.by("rita").post("reports", report))["number"]
    await send(world, "rita", number)
    assert held(world) == ""
    assert world.rows(change) == 1
    assert told in held(world, folder=False)


async def test_files_of_pictures_are_held_against_the_history(world: World) -> None:
    await send(world, "rita", await reported(world))
    (file,) = world.resources.settings.objects.rglob("*.whole.jpg")
    world.is_tampered_with = True
    file.write_bytes(photo(50))
    assert held(world) == held(world, 365) == "the file of its picture P is not what was sent"
    assert held(world, folder=False) == ""
    file.unlink()
    assert held(world) == held(world, 363) == "the file of its picture P is gone before its time"
    assert held(world, 365) == ""


async def test_pictures_that_are_gone_when_their_time_is_over_or_with_the_orders_words_are_missed_by_nobody(
    world: World,
) -> None:
    await send(world, "rita", await reported(world))
    world.rows("DELETE FROM pictures")
    assert (held(world), held(world, 365)) == ("its picture P is gone before its time", "")
    world.rows("UPDATE work_orders SET salt = NULL")
    assert "picture" not in held(world)


def written(world: World, us_ago: int) -> list[Path]:
    """All files of pictures, made to be written so long ago."""
    files = sorted(path for path in world.resources.settings.objects.rglob("*") if path.is_file())
    for path in files:
        os.utime(path, (at := (world.wall.now_us() - us_ago) / SECOND_US, at))
    return files


async def sweep(world: World, limit: int = 100) -> None:
    after = await service.forget_orphans(world.resources, "", limit)
    while after:
        after = await service.forget_orphans(world.resources, after, limit)


async def rolled_back(world: World) -> None:
    """A picture whose transaction comes to nothing after it was written."""
    taken = await service.take_in(world.resources, photo())

    async def fails() -> None:
        async with begin(world.resources, SITE, "rita") as tx:
            await service.send_ahead(tx, world.resources, taken)
            raise RuntimeError("away")

    with pytest.raises(RuntimeError, match="away"):
        await fails()


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_what_a_rolled_back_transaction_wrote_is_deleted_and_nobodys_picture_is(world: World, limit: int) -> None:
    number = await reported(world)
    await send(world, "rita", number)
    kept = written(world, 10 * DAY_US)
    for _ in range(3):
        await rolled_back(world)
    await world.by("rita").send("pictures", photo())  # waits for its report
    world.rows("UPDATE pictures SET expires_at = 'infinity'")
    half = kept[0].with_name(f"{'0' * 8}-0000-4000-8000-{'0' * 12}.whole.part")
    half.write_bytes(b"half")
    files = written(world, 2 * DAY_US)
    assert len(files) == 2 + 3 * 2 + 2 + 1
    await sweep(world, limit)
    left = {path for path in files if path.exists()}
    assert len(left) == 4
    assert set(kept) < left
    assert {UUID(path.name.partition(".")[0]) for path in left} == {
        row["id"] for row in world.rows("SELECT id FROM pictures")
    }


async def test_what_may_be_in_the_making_still_is_left_alone(world: World) -> None:
    await rolled_back(world)
    files = written(world, DAY_US - SECOND_US)
    await sweep(world)
    assert all(path.exists() for path in files)
    written(world, DAY_US + SECOND_US)
    await sweep(world)
    assert not any(path.exists() for path in files)


async def test_of_what_is_not_ours_nothing_is_deleted(world: World) -> None:
    """Neither another database's pictures, nor files that are none."""
    await rolled_back(world)
    folder = world.resources.settings.objects
    (picture, _) = written(world, 9 * DAY_US)
    strangers = [
        folder / "another-site" / picture.name,
        folder / SITE / "notes.txt",
        folder / SITE / "deeper" / picture.name,
        folder / picture.name,
    ]
    for path in strangers:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    written(world, 9 * DAY_US)
    await sweep(world)
    assert not picture.exists()
    assert all(path.exists() for path in strangers)


async def test_without_any_picture_there_is_nothing_to_sweep(world: World) -> None:
    assert not world.resources.settings.objects.exists()
    await sweep(world)
