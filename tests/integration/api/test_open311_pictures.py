"""Pictures that come with a request: drawn anew as all pictures are, added once, shown where the site shows them."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from api import housekeeping
from herun.clock import DAY_US
from tests.integration.api.open311 import V2, WATER, Client, client, read, taking_part
from tests.integration.api.running import World
from tests.unit.api.test_images import bomb, picture


def telling() -> bytes:
    """A JPEG that says where it was taken, at its head and again right before its end, and has a film behind it."""
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    whole = picture(exif=exif, comment=b"flat 501")
    words = b"Exif\0\0 31.3 N 120.6 E"
    segment = b"\xff\xe1" + (len(words) + 2).to_bytes(2, "big") + words
    assert whole.endswith(b"\xff\xd9")
    return whole[:-2] + segment + b"\xff\xd9" + b"a film behind it"


async def sent(world: World, one: Client, *pictures: bytes, **fields: Any) -> Any:
    files = [("media", ("a.jpg", each, "image/jpeg")) for each in pictures]
    data = {"api_key": one.api_key, **WATER, **fields}
    return await world.client.post(f"{V2}/requests.json", data=data, files=files)


async def kept(world: World, number: str) -> list[bytes]:
    """The pictures of a request, as the desk gets them."""
    found = await world.by("oscar").get(f"open311-requests/{number}")
    answers = [
        await world.by("oscar").call("GET", f"open311-requests/{number}/media/{each}") for each in found["media"]
    ]
    assert {answer.headers["content-type"] for answer in answers} <= {"image/jpeg"}
    return [answer.content for answer in answers]


async def test_a_picture_is_drawn_anew_and_is_shown_where_the_site_shows_pictures(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    number = read(await sent(world, one, telling()))[0]["service_request_id"]
    assert (await one.request(number))["media_url"] is None
    (media,) = (await world.by("oscar").get(f"open311-requests/{number}"))["media"]
    assert (await world.client.get(f"{V2}/media/{media}")).status_code == 404
    (drawn,) = await kept(world, number)
    with Image.open(io.BytesIO(drawn)) as image:
        assert (image.format, image.size) == ("JPEG", (640, 480))
    for secret in (b"SecretCamera", b"flat 501", b"Exif", b"120.6", b"film"):
        assert secret not in drawn, secret
    await taking_part(world, shows_media=True)
    url = (await one.request(number))["media_url"]
    assert url == f"http://herun{V2}/media/{media}"
    shown = await world.client.get(url)
    assert (shown.content, shown.headers["content-type"]) == (drawn, "image/jpeg")
    world.rows("UPDATE work_orders SET confidential = true")
    assert (await world.client.get(url)).status_code == 404


async def test_each_look_of_the_desk_at_a_picture_is_written_down(world: World) -> None:
    await taking_part(world)
    number = read(await sent(world, await client(world), picture()))[0]["service_request_id"]
    (media,) = (await world.by("oscar").get(f"open311-requests/{number}"))["media"]
    assert (await world.by("susan").call("GET", f"open311-requests/{number}/media/{media}")).status_code == 200
    assert (await world.by("susan").call("GET", f"open311-requests/{number}/media/{'0' * 32}")).status_code == 404
    (entry,) = (await world.by("audrey").get("audit?actor=susan"))["items"]
    assert (entry["action"], entry["subject"], entry["detail"]) == ("open311.picture_read", number, {"media": media})


async def test_pictures_are_deleted_after_a_year(world: World) -> None:
    await taking_part(world, shows_media=True)
    one = await client(world)
    number = read(await sent(world, one, picture()))[0]["service_request_id"]
    await add(world, one, number, picture(size=(320, 240)))
    url = (await one.request(number))["media_url"]
    for days, status, kept_still in ((364, 200, 2), (2, 404, 0)):
        world.clock.advance(days * DAY_US)
        for forget in housekeeping._FORGET:
            await forget(world.resources)
        assert (await world.client.get(url)).status_code == status
        assert len(world.rows("SELECT media_id FROM open311_media")) == kept_still
    found = await world.by("oscar").get(f"open311-requests/{number}")
    assert (found["media"], found["updates"][0]["media"]) == ([], [])


async def test_a_png_is_kept_as_a_jpeg(world: World) -> None:
    await taking_part(world)
    number = read(await sent(world, await client(world), picture("PNG")))[0]["service_request_id"]
    (drawn,) = await kept(world, number)
    assert drawn.startswith(b"\xff\xd8\xff")


async def test_what_is_no_picture_or_too_large_a_one_is_refused_with_all_else_that_is_wrong(world: World) -> None:
    await taking_part(world)
    one = await client(world)
    for flawed in (b"GIF89a", picture()[:2000], picture("PNG", (4, 4)), bomb(30_000, 30_000)):
        response = await sent(world, one, picture(), flawed, phone="x", service_code="")
        assert response.status_code == 400
        flaws = [each["description"] for each in response.json()]
        assert flaws[:2] == ["service_code was not provided", "phone is no phone number"]
        assert [each.partition(":")[0] for each in flaws[2:]] == ["media 2"]
    assert world.rows("SELECT * FROM work_orders") == world.rows("SELECT * FROM open311_media") == []


async def test_a_picture_that_comes_only_with_the_repeat_is_added_and_no_picture_twice(world: World) -> None:
    await taking_part(world, shows_media=True)
    one = await client(world)
    first, second = picture(), picture(size=(320, 240))
    answers = [await sent(world, one, *pictures) for pictures in ((), (first,), (first,), (second, first))]
    assert len({answer.text for answer in answers}) == 1
    number = read(answers[0])[0]["service_request_id"]
    assert len(await kept(world, number)) == 2
    too_many = [picture(size=(100, 100 + n)) for n in range(4)]
    assert (await sent(world, one, *too_many)).status_code == 400
    assert len(await kept(world, number)) == 2
    assert len(world.rows("SELECT number FROM work_orders")) == 1


async def test_a_media_url_that_comes_only_with_the_repeat_is_added(world: World) -> None:
    await taking_part(world, shows_media=True)
    one = await client(world)
    number = await one.submitted()
    assert await one.submitted(media_url="https://example.org/a.jpg") == number
    assert (await one.request(number))["media_url"] == "https://example.org/a.jpg"
    assert await one.submitted() == number
    assert (await one.request(number))["media_url"] == "https://example.org/a.jpg"


async def add(world: World, one: Client, number: str, *pictures: bytes) -> Any:
    files = [("media", ("a.jpg", each, "image/jpeg")) for each in pictures]
    data = {"api_key": one.api_key, "service_request_id": number, "description": "还在漏"}
    return await world.client.post(f"{V2}/servicerequestupdates.json", data=data, files=files)


async def test_pictures_of_an_update_are_kept_with_it_and_shown_where_the_site_shows_pictures(world: World) -> None:
    await taking_part(world, shows_media=True)
    one = await client(world)
    number = read(await sent(world, one, picture(size=(320, 240))))[0]["service_request_id"]
    own = (await one.request(number))["media_url"]
    first, second = picture(), picture(size=(100, 200))
    answers = [await add(world, one, number, *pictures) for pictures in ((first,), (first, second))]
    assert len({answer.text for answer in answers}) == 1
    found = await world.by("oscar").get(f"open311-requests/{number}")
    (said,) = found["updates"]
    assert (len(found["media"]), len(said["media"])) == (1, 2)
    path = f"open311-requests/{number}/media/{said['media'][0]}"
    assert (await world.by("oscar").call("GET", path)).headers["content-type"] == "image/jpeg"
    assert (await one.request(number))["media_url"] == own
    shown = read(await one.get("servicerequestupdates", service_request_id=number))[-1]
    assert shown["media_url"].removeprefix(f"http://herun{V2}/media/") in said["media"]
    assert (await world.client.get(shown["media_url"])).headers["content-type"] == "image/jpeg"
    await taking_part(world)
    shown = read(await one.get("servicerequestupdates", service_request_id=number))[-1]
    assert shown["media_url"] is None


async def test_an_update_with_too_many_pictures_or_with_none_that_is_one_is_refused_and_says_nothing(
    world: World,
) -> None:
    await taking_part(world)
    one = await client(world)
    number = read(await sent(world, one))[0]["service_request_id"]
    answer = await add(world, one, number, b"no picture")
    assert (answer.status_code, answer.json()[0]["description"].partition(":")[0]) == (400, "media 1")
    assert (await world.by("oscar").get(f"open311-requests/{number}"))["updates"] == []
    assert (await add(world, one, number, *(picture(size=(100, 100 + n)) for n in range(5)))).status_code == 200
    assert (await add(world, one, number, picture())).status_code == 400
    (said,) = (await world.by("oscar").get(f"open311-requests/{number}"))["updates"]
    assert len(said["media"]) == 5
