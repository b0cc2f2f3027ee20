"""Pictures of orders: taken in, shown to few, asked for before an order is resolved, and deleted."""

from __future__ import annotations

import io
from typing import Any, Final

from PIL import Image

from api.limits import MAX_PICTURE_BYTES
from api.pictures import service
from herun.clock import DAY_US, HOUR_US
from tests.integration.api.running import World
from tests.integration.api.test_following import actions, code, reported

LEAK: Final = {"category": "leak", "text": "It drips from the ceiling", "building": "b1"}


def photo(shade: int = 100) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    Image.linear_gradient("L").point(lambda each: each * shade // 255).save(out, "JPEG", exif=exif)
    return out.getvalue()


async def send(world: World, who: str, number: str, kind: str = "evidence") -> Any:
    return await world.by(who).send(f"work-orders/{number}/pictures?kind={kind}", photo())


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
    codes = [(await send(world, "gwen", number)).status_code for _ in range(service.MAX_PICTURES + 1)]
    assert codes == [201] * service.MAX_PICTURES + [409]


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
