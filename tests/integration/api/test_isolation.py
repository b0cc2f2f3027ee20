"""A site's rows are hidden from every other site by the database itself."""

from __future__ import annotations

from datetime import date
from typing import Final

import pytest
from psycopg.errors import InsufficientPrivilege

from api.notices import contacts
from api.return_visits import store as return_visits
from api.transactions import begin
from herun.clock import to_datetime
from tests.integration.api.many_orders import W20, Row, put
from tests.integration.api.many_orders import number as row_number
from tests.integration.api.open311 import V2, WATER, client
from tests.integration.api.running import NOON_US, World
from tests.integration.api.test_dispatch import arbitrated
from tests.integration.api.test_order_cycle import answered, do, reported
from tests.integration.api.test_pictures import photo
from tests.integration.api.test_promotion import monitored
from tests.unit.api.test_images import picture

# Hold no row of any site: names are hashed into buckets, and partitions belong to the engine.
WITHOUT_SITE: Final = {"throttles", "partitions", "alembic_version", "snapshots", "outbox"}


def tables(world: World) -> dict[str, bool]:
    """Every table that the API may read, and whether its rows are guarded."""
    rows = world.rows(
        "SELECT c.relname, c.relrowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind = 'r' AND has_table_privilege('herun_api', c.oid, 'SELECT')"
    )
    return {row["relname"]: row["relrowsecurity"] for row in rows}


async def test_every_table_of_sites_is_guarded(world: World) -> None:
    unguarded = {name for name, guarded in tables(world).items() if not guarded}
    assert unguarded <= WITHOUT_SITE


async def fill(world: World) -> None:
    world.add_event(0, plate="苏E12345")
    alert = world.alert()
    world.add_alert(alert)
    await world.follow(alert)
    await world.by("oscar").post(f"alerts/{alert.alert_id}/acknowledge", key="k1")
    await world.admin.post("devices", {"devices": [{"device": "d1"}]})
    await world.admin.put("plate-lists/l1", {"plates": ["苏E12345"]})
    await world.admin.put("passages/settings", {})
    times = {"valid_from": "2026-06-01T08:00:00Z", "valid_until": "2026-06-01T20:00:00Z"}
    await world.admin.put("visitors/v1", {"plate": "苏E12345", "whom": "Flat 1", **times})
    consent = {"by": "Rita", "at": "2026-05-01T08:00:00Z"}
    await world.admin.put("care/r1", {"name": "Rita", "devices": ["d1"], "consent": consent})
    rule = {
        "kind": "absence", "uid": "r1", "title": {"zh": "a"}, "text": {"zh": "b"}, "category": "c", "duration_s": 60,
        "match": {"event_types": ["reading.reported"]},
    }  # fmt: skip
    await world.admin.put("rules/r1", rule)
    await world.admin.put("arming/zones/z1/plan", {"otherwise": "armed"})
    await world.admin.put("arming/bypasses/d1", {"until": "2026-06-02T00:00:00+08:00", "why": "broken"})
    drill = {"kind": "drill", "begins_at": "2026-06-02T00:00:00+08:00", "ends_at": "2026-06-02T01:00:00+08:00"}
    await world.admin.put("arming/service-windows/w1", drill | {"why": "fire drill"})
    await world.admin.put("open311", {"enabled": True})
    await world.admin.put("open311-services/water", {})
    portal = await client(world)
    files = {"media": ("a.jpg", picture(), "image/jpeg")}
    sent = {"api_key": portal.api_key, **WATER, "phone": "13800001234"}
    number = (await world.client.post(f"{V2}/requests.json", data=sent, files=files)).json()[0]["service_request_id"]
    await portal.post("servicerequestupdates", service_request_id=number, description="more")
    await world.admin.put("calendar/2027", {"year": 2027, "holidays": {"元旦": ["2027-01-01"]}})
    await world.admin.put("limits", {})
    number = world.rows("SELECT number FROM work_orders LIMIT 1")[0]["number"]
    until = "2026-06-01T13:00:00+08:00"
    await world.by("oscar").post(f"work-orders/{number}/pauses", {"reason": "parts", "note": "n", "until": until})
    await world.by("oscar").post(f"work-orders/{number}/extensions", {"minutes": 5, "reason": "r"})
    monitored(world, "d1", NOON_US)
    await dispatch(world)
    await residents(world)
    await world.by("rita").put("/v1/me/notice-channels", {"language": "en"})
    async with begin(world.resources, "s1") as tx:
        await contacts.connected_by_mqtt(tx, "rita")
    world.rows("INSERT INTO robot_paces (site, pace, free_wall) VALUES ('s1', 'desk', %(at)s)", at=to_datetime(NOON_US))
    asked = await world.admin.post("backtests", {"from": "2026-05-01T00:00:00Z", "to": "2026-05-02T00:00:00Z"})
    world.add_result(asked["id"], state="running")
    await world.admin.put("categories", (await world.admin.get("categories"))["tree"])
    order = await world.by("rita").post("reports", {"category": "noise", "text": "Loud"})
    await world.by("oscar").post(f"work-orders/{order['number']}/category", {"category": "lift", "reason": "rattles"})
    await weeks(world)


async def residents(world: World) -> None:
    """A row of each table of what residents have of their reports."""
    body = {"category": "noise", "text": "Loud", "building": "b1", "caller": {"name": "Carla", "phone": "13912345678"}}
    number = (await world.by("oscar").post("reports", body))["number"]
    await world.by("oscar").post(f"work-orders/{number}/links")
    await world.by("oscar").post(f"work-orders/{number}/questions", {"text": "Where?"})
    await world.by("oscar").send(f"work-orders/{number}/pictures?kind=before", photo())
    await world.by("susan").put("return-visits/plan", {"shares": [{"percent": 100}]})
    async with begin(world.resources, "s1") as tx:
        await return_visits.add_draw(tx, date(2026, 5, 31), 1, [], closed=[], drawn=[])
        await return_visits.add(tx, number, 0, "sample")


async def dispatch(world: World) -> None:
    """A row of each table that dispatching has."""
    await world.admin.put("dispatch-settings", {})
    await world.admin.put("rosters/gwen", {"unit": "property-order"})
    await world.by("gwen").put("/v1/me/position", {"lat": 31.0, "lon": 120.0})
    await world.admin.put("dispatch-rules", {"rules": [{"name": "r1", "when": "true", "mode": "round_robin"}]})
    number = await reported(world)
    await do(world, "gwen", number, "helpers", worker="greg", reason="It is heavy")
    await do(world, "gwen", number, "checklist", text="Close the valve", required=False)
    await answered(world, number)
    await do(world, "rita", number, "rate", score=5, solved=True)
    await world.admin.put("dispatch-rules", {"rules": [{"name": "r1", "when": "true", "mode": "grab"}]})
    await reported(world)
    await world.admin.put("dispatch-rules", {"rules": [{"name": "r2", "when": "true", "mode": "round_robin"}]})
    await arbitrated(world)


async def weeks(world: World) -> None:
    """A row of each table that topics and bulletins have."""
    put(world, [Row(row_number(n), handled_at=W20, reporter=f"p{n}", ratings=[(0, "rita", True, 5)]) for n in range(3)])
    world.rows("UPDATE work_orders SET opened_at = %(at)s WHERE origin = 'report'", at=to_datetime(NOON_US))
    await world.by("susan").post("topics/pass")
    world.rows("UPDATE work_orders SET opened_at = %(at)s WHERE origin = 'report'", at=W20)
    await world.by("susan").post("bulletins", {"week": "2026-W20"})


async def test_another_sites_rows_do_not_exist(world: World) -> None:
    await fill(world)
    await world.admin.post("/v1/sites", {"site": "s2", "name": "s2"})
    for name in tables(world).keys() - WITHOUT_SITE - {"control_frames"}:
        own = world.rows(f"SELECT count(*) AS rows FROM {name} WHERE site = 's1'", role="herun_api", bound_to="s1")
        assert own[0]["rows"] > 0, name
        for bound_to in ("s2", "", None, "S1", "s1 "):
            seen = world.rows(f"SELECT * FROM {name} WHERE site = 's1'", role="herun_api", bound_to=bound_to)
            assert seen == [], f"{name} seen by {bound_to!r}"


async def test_passages_of_another_site_do_not_exist(world: World) -> None:
    world.add_event(1, event_type="passage.completed")
    for bound_to, seen in [("s1", 1), ("s2", 0), ("", 0), (None, 0)]:
        rows = world.rows("SELECT * FROM passage_events", role="herun_api", bound_to=bound_to)
        assert len(rows) == seen, bound_to


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE work_orders SET state = 'cancelled'",
        "UPDATE devices SET enabled = false",
        "DELETE FROM people",
        "DELETE FROM api_outbox",
    ],
)
async def test_another_sites_rows_cannot_be_changed(world: World, statement: str) -> None:
    await fill(world)
    assert world.rows(statement, role="herun_api", bound_to="s2") == 0


async def test_no_row_can_be_put_into_another_site(world: World) -> None:
    statement = "INSERT INTO buildings (site, building, name) VALUES ('s1', 'b9', 'x')"
    with pytest.raises(InsufficientPrivilege):
        world.rows(statement, role="herun_api", bound_to="s2")


@pytest.mark.parametrize(
    "table", ["events", "alerts", "alert_versions", "monitored_alerts", "control_frames", "partitions"]
)
async def test_the_api_writes_nothing_of_the_processors(world: World, table: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        world.rows(f"DELETE FROM {table}", role="herun_api", bound_to="*")
