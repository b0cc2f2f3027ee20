"""Evidence packs of orders and alerts."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from herun.evidence import check_pack
from tests.integration.api.running import World


async def pack(world: World, path: str, who: str = "susan") -> bytes:
    response = await world.by(who).call("GET", f"{path}/evidence")
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


async def test_an_alerts_pack_tells_what_its_device_said_around_it(world: World) -> None:
    alert = world.alert(opens_order=True)
    world.add_alert(alert)
    await world.follow(alert)
    files = files_of(await pack(world, f"alerts/{alert.alert_id}", "audrey"))
    assert files["alert.json"]["alert_id"] == alert.alert_id
    assert len(files["alert_versions.json"]) == 1
    (order,) = (await world.by("susan").get("work-orders"))["items"]
    assert "alert.json" in files_of(await pack(world, f"work-orders/{order['number']}"))


async def test_packs_are_for_supervisors_and_auditors(world: World) -> None:
    order = await world.by("rita").post("reports", {"category": "water", "text": "w"})
    for who in ("rita", "gwen", "oscar"):
        assert (await world.by(who).call("GET", f"work-orders/{order['number']}/evidence")).status_code == 403
    assert (await world.by("susan").call("GET", "work-orders/WO20260101-000001/evidence")).status_code == 404
