"""Sites, layout, people, devices, rules and plate lists."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import pytest

from herun.personal import keyed_hash
from herun.registry import decode_entry
from tests.integration.api.running import LAYOUT, World

RULE: Final[dict[str, Any]] = {
    "kind": "threshold", "uid": "r1", "title": {"zh": "水", "en": "Water"}, "text": {"zh": "高", "en": "high"},
    "category": "water", "raise_above": 1.0, "match": {"event_types": ["reading.reported"]},
}  # fmt: skip
BRIDGE: Final = {"device": "bridge1", "kind": "bridge", "format": "zigbee2mqtt", "base_topic": "zigbee2mqtt"}
CHILD: Final = {"device": "smoke1", "format": "zigbee2mqtt", "bridge": "bridge1", "external_id": "0x00158d0001"}
CAMERA: Final = {"device": "gate1", "kind": "barrier_camera", "format": "vzenith", "external_id": "sn-1"}


async def test_a_site_goes_to_the_partition_that_has_the_fewest(world: World) -> None:
    made = [await world.admin.post("/v1/sites", {"site": f"t{n}", "name": "T"}) for n in range(5)]
    assert [site["partition"] for site in made] == [1, 2, 3, 0, 1]  # s1 is in 0


async def test_a_site_is_made_once(world: World) -> None:
    assert (await world.admin.call("POST", "/v1/sites", {"site": "s1", "name": "again"})).status_code == 409


@pytest.mark.parametrize(
    "change", [{"site": "a.b"}, {"site": "*"}, {"name": " "}, {"time_zone": "Mars/Olympus"}, {"x": 1}]
)
async def test_a_site_that_cannot_be_is_refused(world: World, change: Any) -> None:
    assert (await world.admin.call("POST", "/v1/sites", {"site": "t1", "name": "T", **change})).status_code == 422


async def test_putting_a_layout_twice_changes_nothing(world: World) -> None:
    assert await world.admin.put("layout", LAYOUT) == await world.admin.put("layout", LAYOUT)


async def test_a_layout_cannot_leave_out_what_is_in_use(world: World) -> None:
    response = await world.admin.call(
        "PUT", "layout", {**LAYOUT, "buildings": LAYOUT["buildings"][1:], "zones": [], "grids": []}
    )
    assert (response.status_code, response.json()["type"]) == (409, "urn:herun:problem:still_in_use")
    assert len((await world.admin.get("layout"))["buildings"]) == 3


async def test_what_a_layout_cannot_leave_out_is_named_with_what_uses_it(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "cam", "building": "b3", "zone": "z0"}]})
    await world.admin.put("arming/zones/z1/plan", {"windows": []})
    nothing: dict[str, Any] = {"buildings": LAYOUT["buildings"][:2], "zones": [], "grids": LAYOUT["grids"][1:]}
    response = (await world.admin.call("PUT", "layout", nothing)).json()
    told = [(each["loc"], each["msg"]) for each in response["errors"]]
    assert told[0] == (["body", "buildings"], "building b3 by device cam")
    assert told[-2:] == [(["body", "zones"], "zone z0 by device cam"), (["body", "zones"], "zone z1 by its arming")]
    assert all(loc == ["body", "grids"] and msg.startswith("grid g1 by person ") for loc, msg in told[1:-2])
    assert response["detail"].startswith("left out, but still in use: building b3 by device cam, ")


def test_all_that_points_at_a_place_is_asked_before_it_is_left_out(world: World) -> None:
    """Within the layout itself, zones and grids name buildings: those are looked at when the request is read."""
    pointing = world.rows(
        "SELECT DISTINCT conrelid::regclass::text AS name FROM pg_constraint WHERE contype = 'f'"
        " AND confrelid = ANY('{buildings, zones, grids}'::regclass[])"
    )
    assert {row["name"] for row in pointing} == {
        "devices", "people", "person_grids", "arming_zones", "zones", "grid_buildings",
    }  # fmt: skip


async def test_people_are_made_all_or_none(world: World) -> None:
    new = {"username": "nina", "name": "Nina", "roles": ["resident"]}
    changes: list[dict[str, Any]] = [
        {"building": "b9"}, {"grids": ["g9"]}, {"username": "rita"}, {"roles": []}, {"roles": ["king"]},
    ]  # fmt: skip
    for bad in changes:
        response = await world.admin.call("POST", "people", {"people": [new, {**new, "username": "nick", **bad}]})
        assert response.status_code in {409, 422}
        assert "people" in str(response.json()["errors"][0]["loc"])
    assert len((await world.admin.get("people?limit=200"))["items"]) == 9


async def test_a_username_belongs_to_one_site(world: World) -> None:
    await world.admin.post("/v1/sites", {"site": "s2", "name": "s2"})
    person = {"username": "rita", "name": "Another", "roles": ["resident"]}
    for replace in ("false", "true"):
        response = await world.by("admin", "s2").call("POST", f"people?replace={replace}", {"people": [person]})
        assert response.status_code == 409


async def test_people_are_replaced_when_asked_and_keep_their_password(world: World) -> None:
    rita = {"username": "rita", "name": "Rita", "roles": ["resident"], "password": "correct horse"}
    assert await world.admin.post("people?replace=true", {"people": [rita]}) == {"created": 0, "replaced": 1}
    rita = {"username": "rita", "name": "Rita II", "roles": ["resident"]}
    await world.admin.post("people?replace=true", {"people": [rita]})
    signed = await world.nobody.call("POST", "/v1/sessions", {"username": "rita", "password": "correct horse"})
    assert signed.status_code == 201


async def test_a_thousand_devices_are_registered_at_once_and_one_more_is_refused(world: World) -> None:
    devices = [{"device": f"d{n}"} for n in range(1001)]
    assert (await world.admin.call("POST", "devices", {"devices": devices})).status_code == 422
    added = (await world.admin.post("devices", {"devices": devices[:1000]}))["devices"]
    assert len({device["secret"] for device in added}) == 1000
    stored = world.rows("SELECT device, secret_sha256 FROM devices ORDER BY device LIMIT 1")[0]
    (secret,) = (device["secret"] for device in added if device["device"] == stored["device"])
    assert stored["secret_sha256"] == hashlib.sha256(secret.encode()).hexdigest()


BAD_DEVICES: Final[list[dict[str, Any]]] = [
    {"device": "a.b"}, {"device": "a/b"}, {"device": "#"}, {"device": "中"}, {"device": ""}, {"device": "x" * 65},
    {"building": "b9"}, {"zone": "z9"}, {"format": "morse"}, {"base_topic": "a"}, {"bridge": "d0"}, {"direction": "up"},
    {"format": "vzenith"}, {"format": "vzenith", "external_id": "a/b"}, {"kind": "bridge", "format": "zigbee2mqtt"},
    {"kind": "bridge", "format": "zigbee2mqtt", "base_topic": "herun/x"}, {"format": "zigbee2mqtt"}, {"device": "d0"},
    {"kind": "bridge", "format": "zigbee2mqtt", "base_topic": "a/#"},
]  # fmt: skip


async def test_a_bad_device_is_named_and_none_is_registered(world: World) -> None:
    for bad in BAD_DEVICES:
        response = await world.admin.call("POST", "devices", {"devices": [{"device": "d0"}, {"device": "d1", **bad}]})
        assert response.status_code == 422, bad
        errors = response.json()["errors"]
        assert any(1 in error["loc"] for error in errors) or "item 1" in errors[0]["msg"], bad
    assert (await world.admin.get("devices"))["items"] == []


async def test_a_bridges_children_have_no_user_of_their_own(world: World) -> None:
    added = (await world.admin.post("devices", {"devices": [CHILD, BRIDGE, CAMERA]}))["devices"]
    assert [device["username"] for device in added] == [None, "s1.bridge1", "s1.gate1"]
    assert added[0]["secret"] is None
    rotated = await world.admin.call("PATCH", "devices/smoke1", {"rotate_secret": True})
    assert rotated.status_code == 422


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (CAMERA, {**CAMERA, "device": "gate2"}),
        (BRIDGE, {**BRIDGE, "device": "bridge2", "base_topic": "zigbee2mqtt/below"}),
        (CAMERA, {**BRIDGE, "base_topic": "sn-1/device"}),
    ],
)
async def test_no_device_can_speak_on_anothers_topics_whatever_its_site(world: World, first: Any, second: Any) -> None:
    await world.admin.post("/v1/sites", {"site": "s2", "name": "s2"})
    await world.admin.post("devices", {"devices": [first]})
    for site in ("s1", "s2"):
        response = await world.by("admin", site).call("POST", "devices", {"devices": [second]})
        assert (response.status_code, response.json()["type"]) == (409, "urn:herun:problem:topics_clash")


async def test_a_device_that_exists_is_replaced_only_when_asked(world: World) -> None:
    devices = {"devices": [{"device": "d1"}, {"device": "d2", "zone": "z1"}]}
    first = await world.admin.post("devices", devices)
    response = await world.admin.call("POST", "devices", devices)
    assert (response.status_code, len(response.json()["errors"])) == (409, 2)
    second = await world.admin.post("devices?replace=true", devices)
    assert first["devices"][0]["secret"] != second["devices"][0]["secret"]


async def test_a_device_is_switched_off_and_on_and_given_a_new_secret(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1", "key_point": "East gate", "direction": "in"}]})
    patch = await world.admin.call("PATCH", "devices/d1", {"enabled": False})
    assert (patch.json()["enabled"], patch.json()["secret"]) == (False, None)
    patch = await world.admin.call("PATCH", "devices/d1", {"rotate_secret": True})
    assert patch.json()["enabled"] is False
    assert len(patch.json()["secret"]) >= 22  # 128 bits and more
    assert (await world.admin.call("PATCH", "devices/d9", {})).status_code == 404
    device = await world.admin.get("devices/d1")
    assert (device["key_point"], device["direction"]) == ("East gate", "in")
    assert "secret" not in str(device)


async def test_every_version_of_a_rule_says_who_when_and_why(world: World) -> None:
    await world.admin.put("rules/r1?why=first", RULE)
    put = await world.by("susan").put("rules/r1?why=lower", {**RULE, "raise_above": 0.5, "version": 77})
    assert (put["version"], put["rule"]["version"], put["rule"]["raise_above"]) == (2, 2, 0.5)
    assert (await world.admin.call("DELETE", "rules/r1")).status_code == 200
    history = (await world.admin.get("rules/r1/versions"))["items"]
    assert [(entry["version"], entry["changed_by"], entry["why"], entry["rule"] is None) for entry in history] == [
        (3, "admin", None, True), (2, "susan", "lower", False), (1, "admin", "first", False),
    ]  # fmt: skip
    assert (await world.admin.get("rules"))["items"] == []
    assert (await world.admin.call("GET", "rules/r1")).status_code == 404
    assert (await world.admin.call("DELETE", "rules/r1")).status_code == 404
    kinds = [row["kind"] for row in world.rows("SELECT kind FROM api_outbox ORDER BY id")]
    assert kinds == ["rule.put", "rule.put", "rule.removed"]


@pytest.mark.parametrize(
    "change",
    [{"uid": "r2"}, {"kind": "magic"}, {"raise_above": None}, {"match": {"event_types": ["x.y"]}}, {"colour": 1}],
)
async def test_a_rule_that_the_engine_would_not_take_is_refused(world: World, change: Any) -> None:
    assert (await world.admin.call("PUT", "rules/r1", {**RULE, **change})).status_code == 422


async def test_why_a_list_was_put_stands_in_the_audit_log(world: World) -> None:
    await world.admin.put("plate-lists/wanted?why=a%20letter%20of%20the%20police", {"plates": ["苏E12345"]})
    (row,) = world.rows("SELECT detail FROM audit_log WHERE action = 'plate_list.put'")
    assert row["detail"] == {"plates": 1, "why": "a letter of the police"}


async def test_plates_are_kept_as_hashes_and_shown_masked(world: World) -> None:
    shown = await world.admin.put("plate-lists/wanted", {"plates": ["苏E 12345", "苏e-12345", "苏A·BC999"]})
    assert (shown["count"], sorted(shown["plates"])) == (2, ["苏A****9", "苏E****5"])
    (row,) = world.rows("SELECT body FROM api_outbox WHERE kind = 'list.put'")
    expected = {keyed_hash(b"p" * 32, "plate", plate) for plate in ("苏E12345", "苏ABC999")}
    assert set(row["body"]["hashes"]) == expected
    everything = str(world.rows("SELECT * FROM plate_lists") + world.rows("SELECT * FROM audit_log"))
    assert "12345" not in everything
    assert [each["name"] for each in (await world.admin.get("plate-lists"))["items"]] == ["wanted"]


async def test_the_desk_moves_a_device_and_engine_and_gateway_hear_of_it(world: World) -> None:
    placed = {"zone": "z0", "building": "b2", "key_point": "East gate"}
    await world.admin.post("devices", {"devices": [{"device": "d1", "direction": "in", **placed}]})
    oscar = world.by("oscar")
    moved = (await oscar.call("PATCH", "devices/d1", {"zone": "z1", "building": "b1"})).json()
    assert [moved[name] for name in (*placed, "direction")] == ["z1", "b1", "East gate", "in"]
    moved = (await oscar.call("PATCH", "devices/d1", {"zone": None, "key_point": "Lift"})).json()
    assert [moved[name] for name in placed] == [None, "b1", "Lift"]
    told = world.rows("SELECT body, registry_value FROM api_outbox WHERE kind = 'device.put' ORDER BY id")
    expected = [("z0", "b2"), ("z1", "b1"), (None, "b1")]
    assert [(row["body"].get("zone"), row["body"].get("building")) for row in told] == expected
    entries = [decode_entry(row["registry_value"]) for row in told]
    assert [(entry.zone, entry.building, entry.secret_sha256) for entry in entries] == [
        (*place, entries[0].secret_sha256) for place in expected
    ]
    (last, _, _) = (await world.by("audrey").get("audit?limit=3"))["items"]
    assert (last["actor"], last["action"], last["subject"]) == ("oscar", "device.changed", "d1")
    assert (last["detail"]["zone"], last["detail"]["building"], last["detail"]["key_point"]) == (None, "b1", "Lift")


async def test_a_device_moves_only_where_there_is_a_place_and_the_desk_does_no_more(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1", "zone": "z1"}]})
    for body, place in (({"zone": "z9"}, "zone"), ({"zone": "z0", "building": "b9"}, "building")):
        response = await world.by("oscar").call("PATCH", "devices/d1", body)
        (error,) = response.json()["errors"]
        assert (response.status_code, error["loc"]) == (422, ["body", place])
    more: list[dict[str, Any]] = [{"enabled": False}, {"rotate_secret": True}, {"uplink": None}]
    for each in (*more, {"zone": "z0", "enabled": False}):
        assert (await world.by("susan").call("PATCH", "devices/d1", each)).status_code == 403
    assert (await world.admin.get("devices/d1"))["zone"] == "z1"


async def test_an_entry_door_leaves_its_zone_only_once_the_plan_does_not_name_it(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1", "zone": "z1"}]})
    await world.admin.put("arming/zones/z1/plan", {"entry_doors": ["d1"]})
    response = await world.by("oscar").call("PATCH", "devices/d1", {"zone": "z0"})
    assert (response.status_code, response.json()["type"]) == (409, "urn:herun:problem:entry_door")
    same = await world.by("oscar").call("PATCH", "devices/d1", {"zone": "z1", "building": "b1"})
    assert same.json()["building"] == "b1"
    await world.admin.put("arming/zones/z1/plan", {})
    assert (await world.by("oscar").call("PATCH", "devices/d1", {"zone": "z0"})).json()["zone"] == "z0"


async def test_administration_is_written_down(world: World) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1"}]})
    await world.admin.put("rules/r1", RULE)
    entries = (await world.by("audrey").get("audit?actor=admin&limit=2"))["items"]
    assert [entry["action"] for entry in entries] == ["rule.put", "devices.registered"]


async def test_a_device_hangs_on_another_and_the_engine_hears_of_it(world: World) -> None:
    devices = [{"device": "camera", "uplink": "switch"}, {"device": "switch", "uplink": "core"}, {"device": "core"}]
    await world.admin.post("devices", {"devices": devices})
    assert (await world.admin.get("devices/camera"))["uplink"] == "switch"
    moved = (await world.admin.call("PATCH", "devices/camera", {"uplink": "core"})).json()
    assert moved["uplink"] == "core"
    assert (await world.admin.call("PATCH", "devices/camera", {"enabled": True})).json()["uplink"] == "core"
    assert (await world.admin.call("PATCH", "devices/camera", {"uplink": None})).json()["uplink"] is None
    bodies = [row["body"] for row in world.rows("SELECT body FROM api_outbox WHERE kind = 'device.put' ORDER BY id")]
    assert [body.get("uplink") for body in bodies] == ["switch", "core", None, "core", "core", None]


@pytest.mark.parametrize(
    "uplinks",
    [
        {"d1": "d1"}, {"d1": "d9"}, {"d1": "d2", "d2": "d1"}, {"core": "camera"}, {"core": "switch", "d1": "core"},
        {f"d{n}": f"d{n + 1}" for n in range(17)} | {"d17": None},
    ],
)  # fmt: skip
async def test_no_device_hangs_on_itself_or_on_nothing_or_too_deep(
    world: World, uplinks: dict[str, str | None]
) -> None:
    stored = {"camera": "switch", "switch": "core", "core": None}
    await world.admin.post("devices", {"devices": [{"device": name, "uplink": up} for name, up in stored.items()]})
    devices = {"devices": [{"device": name, "uplink": up} for name, up in uplinks.items()]}
    response = await world.admin.call("POST", "devices?replace=true", devices)
    assert (response.status_code, response.json()["type"]) == (422, "urn:herun:problem:bad_uplink")
    for name, up in uplinks.items():
        if name in stored:
            assert (await world.admin.call("PATCH", f"devices/{name}", {"uplink": up})).status_code == 422
    assert len((await world.admin.get("devices"))["items"]) == len(stored)


async def test_a_bridges_child_does_not_carry_its_bridge(world: World) -> None:
    await world.admin.post("devices", {"devices": [CHILD, BRIDGE]})
    response = await world.admin.call("PATCH", "devices/bridge1", {"uplink": "smoke1"})
    assert response.json()["type"] == "urn:herun:problem:bad_uplink"


async def test_the_engine_is_told_what_the_places_of_a_layout_are_called(world: World) -> None:
    await world.admin.put("layout", {**LAYOUT, "zones": [{"zone": "z1", "name": "东门"}]})
    (row,) = world.rows("SELECT body FROM api_outbox WHERE kind = 'layout.put'")
    assert row["body"]["zones"] == {"z1": "东门"}
    assert row["body"]["buildings"] == {each["building"]: each["name"] for each in LAYOUT["buildings"]}
