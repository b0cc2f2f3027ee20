"""Settings are put as they are read: what nobody puts is left out."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.integration.api.running import World

PLAN: Final = {"shares": [{"percent": 5}]}
DECREE: Final = {"year": 2027, "holidays": {"元旦": ["2027-01-01"]}}
RULES: Final = {"rules": [{"name": "r1", "when": "true", "mode": "round_robin"}]}
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


async def test_what_is_wrong_in_what_was_read_is_told_at_its_place(world: World) -> None:
    read = await world.admin.get("limits")
    read["settings"]["repeats"] = "often"
    refused = (await world.admin.call("PUT", "limits", read)).json()
    assert refused["errors"][0]["loc"] == ["body", "settings", "repeats"]
