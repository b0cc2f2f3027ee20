"""Settings are put as they are read: what nobody puts is left out."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.integration.api.running import World

PLAN: Final = {"shares": [{"percent": 5}]}
DECREE: Final = {"year": 2027, "holidays": {"元旦": ["2027-01-01"]}}
RULES: Final = {"rules": [{"name": "r1", "when": "true", "mode": "round_robin"}]}
RULE: Final = {
    "uid": "underpass", "kind": "threshold", "category": "water", "severity": "warning",
    "match": {"event_types": ["reading.reported"]}, "raise_above": 30,
    "title": {"zh": "积水", "en": "Water"}, "text": {"zh": "积水", "en": "Water"},
}  # fmt: skip
TOMORROW: Final = "2026-06-02T12:00:00+08:00"
VISIT: Final = {"plate": "苏E12345", "whom": "1-302", "valid_from": "2026-06-01T08:00:00Z", "valid_until": TOMORROW}
WINDOW: Final = {
    "kind": "drill", "begins_at": "2026-06-02T08:00:00+08:00", "ends_at": TOMORROW, "why": "A fire drill"
}  # fmt: skip
OF_THE_WRITE: Final = {"changed_at", "version", "why"}


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("limits", {}), ("dispatch-settings", {}), ("dispatch-rules", RULES), ("categories", None),
        ("passages/settings", {}), ("rosters/gwen", {"unit": "property-order"}),
        ("return-visits/plan", PLAN), ("open311", {"enabled": True}), ("calendar/2027", DECREE),
    ],
)  # fmt: skip
async def test_what_is_read_can_be_put(world: World, path: str, first: Any) -> None:
    if first is not None:
        await world.admin.put(path, first)
    read = await world.admin.get(path)
    put = await world.admin.put(path, read)
    assert _kept(put) == _kept(read) | {"changed_by": "admin"}
    unknown = await world.admin.call("PUT", path, {**read, "changed_bye": "x"})
    assert unknown.status_code == 422


def _kept(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name not in OF_THE_WRITE}


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("rules/underpass", RULE), ("calendar/2031", None), ("calendar/2026", None), ("/v1/me/notice-channels", None),
        ("/v1/me/notice-channels", {"language": "en", "muted": ["email"], "only": {"web_push": ["dispatched"]}}),
        ("plate-lists/vip", {"plates": ["京A00001", "京A00002", "京A10001"]}), ("plate-lists/none", {"plates": []}),
    ],
)  # fmt: skip
async def test_what_is_read_of_others_can_be_put_and_changes_nothing(world: World, path: str, first: Any) -> None:
    if first is not None:
        await world.admin.put(path, first)
    read = await world.admin.get(path)
    assert (await world.admin.call("PUT", path, read)).status_code == 200
    after = await world.admin.get(path)
    assert _without_version(after) == _without_version(read)
    assert (await world.admin.call("PUT", path, {**read, "changed_bye": "x"})).status_code == 422


def _without_version(shown: dict[str, Any]) -> dict[str, Any]:
    if "rule" in shown:
        shown = {**shown, "rule": _kept(shown["rule"])}
    return {name: value for name, value in _kept(shown).items() if name != "changed_by"}


async def test_a_rule_that_is_put_by_itself_keeps_its_uid(world: World) -> None:
    await world.admin.put("rules/underpass", RULE)
    assert (await world.admin.call("PUT", "rules/other", RULE)).json()["type"] == "urn:herun:problem:another_uid"
    read = await world.admin.get("rules/underpass")
    assert (await world.admin.call("PUT", "rules/other", read)).json()["type"] == "urn:herun:problem:another_uid"
    read["rule"]["severity"] = "mild"
    refused = (await world.admin.call("PUT", "rules/underpass", read)).json()
    assert refused["errors"][0]["loc"] == ["body", "rule", "severity"]


async def test_a_year_that_is_known_is_not_forgotten(world: World) -> None:
    nothing = await world.admin.get("calendar/2031")
    assert nothing["known"] is False
    refused = await world.admin.call("PUT", "calendar/2026", {**nothing, "year": 2026})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:herun:problem:known")
    bare = {name: nothing[name] for name in ("year", "holidays", "make_up_workdays")}
    assert (await world.admin.call("PUT", "calendar/2031", bare)).status_code == 422  # who forgot them is told
    assert (await world.admin.get("calendar/2031"))["known"] is False


async def test_a_visit_is_put_as_it_is_read_and_is_not_changed_by_a_masked_plate(world: World) -> None:
    first = await world.admin.put("visitors/v1", VISIT)
    told = world.rows("SELECT id FROM api_outbox")
    assert await world.by("oscar").put("visitors/v1", await world.admin.get("visitors/v1")) == first
    assert world.rows("SELECT id FROM api_outbox") == told
    for changed in ({**first, "whom": "1-303"}, {**first, "valid_until": "2026-06-03T12:00:00+08:00"}):
        refused = await world.admin.call("PUT", "visitors/v1", changed)
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:herun:problem:masked")
        assert refused.json()["errors"][0]["loc"] == ["body", "plate"]
    changed = await world.admin.put("visitors/v1", {**first, "plate": "苏E12345", "whom": "1-303"})
    assert changed == {**first, "whom": "1-303"}
    assert (await world.admin.call("PUT", "visitors/v1", {**first, "changed_bye": "x"})).status_code == 422


@pytest.mark.parametrize(
    ("path", "name", "first"),
    [
        ("arming/bypasses", "d1", {"until": TOMORROW, "why": "its magnet is gone"}),
        ("arming/service-windows", "w1", WINDOW),
    ],
)  # fmt: skip
async def test_what_is_read_among_others_can_be_put(world: World, path: str, name: str, first: Any) -> None:
    await world.admin.post("devices", {"devices": [{"device": "d1", "zone": "z1"}]})
    await world.by("susan").put(f"{path}/{name}", first)
    (read,) = (await world.admin.get(path))["items"]
    assert await world.admin.put(f"{path}/{name}", read) == read | {"changed_by": "admin"}
    assert (await world.admin.call("PUT", f"{path}/{name}", {**read, "changed_bye": "x"})).status_code == 422


async def test_a_masked_plate_is_none_unless_the_list_is_as_it_was_read(world: World) -> None:
    first = await world.admin.put("plate-lists/vip", {"plates": ["京A00001", "京A00002"]})
    for plates in ([*first["plates"], "京A10001"], first["plates"][:1], ["京A****9"]):
        refused = await world.admin.call("PUT", "plate-lists/vip", {"plates": plates})
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:herun:problem:masked")
    assert await world.admin.get("plate-lists/vip") == first


async def test_what_is_wrong_in_what_was_read_is_told_at_its_place(world: World) -> None:
    read = await world.admin.get("limits")
    read["settings"]["repeats"] = "often"
    refused = (await world.admin.call("PUT", "limits", read)).json()
    assert refused["errors"][0]["loc"] == ["body", "settings", "repeats"]


@pytest.mark.parametrize(
    ("own", "other", "field", "first"),
    [
        ("arming/bypasses/d1", "arming/bypasses/d2", "device", {"until": TOMORROW, "why": "its magnet is gone"}),
        ("arming/service-windows/w1", "arming/service-windows/w2", "name", WINDOW),
        ("visitors/v1", "visitors/v2", "visitor", VISIT),
        ("plate-lists/vip", "plate-lists/residents", "name", {"plates": ["京A00001"]}),
        ("rosters/gwen", "rosters/greg", "worker", {"unit": "property-order"}),
    ],
)  # fmt: skip
async def test_what_was_read_of_one_is_not_put_to_another(
    world: World, own: str, other: str, field: str, first: Any
) -> None:
    await world.admin.post("devices", {"devices": [{"device": each, "zone": "z1"} for each in ("d1", "d2")]})
    of_own = {**first, field: own.rsplit("/", maxsplit=1)[-1]}
    await world.admin.put(own, of_own)
    before = world.rows("SELECT id FROM api_outbox ORDER BY id")
    refused = await world.admin.call("PUT", other, of_own)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:herun:problem:another_name")
    assert refused.json()["errors"][0]["loc"] == ["body", field]
    assert world.rows("SELECT id FROM api_outbox ORDER BY id") == before
    await world.admin.put(other, {**first, field: other.rsplit("/", maxsplit=1)[-1]})
