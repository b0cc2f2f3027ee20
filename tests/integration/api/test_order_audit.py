"""The chained history of orders: whatever is changed in it behind the API's back is found."""

from __future__ import annotations

from typing import Final

import pytest

from herun.errors import TransientError
from herun.order_audit import Verdict, verify
from tests.integration.api.running import SITE, World
from tests.support.ports import free_port

REPORT: Final = {"category": "water", "text": "Water in the cellar"}


async def some_orders(world: World) -> str:
    number = ""
    for who in ("rita", "rob"):
        number = (await world.by(who).post("reports", REPORT))["number"]
        await world.by("gwen").post(f"work-orders/{number}/handle", {})
    await world.by("gwen").post(
        f"work-orders/{number}/hold", {"until": "2026-06-02T12:00:00+08:00", "reason": "等配件"}
    )
    return number


def verdict(world: World, *anchors: tuple[str, int, str]) -> Verdict:
    (found,) = verify(world.servers.superuser_url, SITE, anchors)
    return found


async def test_what_nobody_touched_is_whole(world: World) -> None:
    await some_orders(world)
    found = verdict(world)
    assert (found.entries, found.unchained, found.breaks) == (9, 0, ())
    assert str(found).startswith("s1: 9 entries, whole; head s1:9:")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE order_history SET actor = 'greg' WHERE feed_seq = 4",
        "UPDATE order_history SET at = at - interval '1 hour' WHERE feed_seq = 4",
        "UPDATE order_history SET reason = NULL WHERE feed_seq = 9",
        'UPDATE order_history SET detail = \'{"until": "2026-06-01T12:00:00+08:00"}\' WHERE feed_seq = 9',
        "DELETE FROM order_history WHERE feed_seq = 4",
        "DELETE FROM order_history WHERE feed_seq = 9",
        "DELETE FROM order_history WHERE feed_seq > 0",
        "UPDATE order_history SET hash = NULL WHERE feed_seq = 9",
        "UPDATE work_orders SET state = 'rated' WHERE state = 'handling'",
    ],
)
async def test_what_was_changed_is_found(world: World, statement: str) -> None:
    await some_orders(world)
    assert world.rows(statement) > 0
    assert verdict(world).breaks


async def test_a_chain_made_anew_is_found_by_what_was_written_down(world: World) -> None:
    await some_orders(world)
    site, seq, digest = (verdict(world).head or "").split(":")
    anchor = (site, int(seq), digest)
    assert not verdict(world, anchor).breaks
    assert verdict(world, (site, int(seq), "00" * 32)).breaks
    assert verdict(world, (site, 1_000, digest)).breaks
    assert not verdict(world, (site, int(seq), digest.upper())).breaks
    assert verdict(world, (site, int(seq), "00" * 32), anchor).breaks


async def test_what_was_written_down_of_a_site_that_is_not_looked_at_is_missed(world: World) -> None:
    await some_orders(world)
    for site in (None, SITE):
        own, gone = verify(world.servers.superuser_url, site, [("gone", 812, "ab" * 32)])
        assert (own.site, own.breaks) == (SITE, ())
        (told,) = gone.breaks
        assert gone.site == "gone"
        assert "entry 812, written down elsewhere" in told


async def test_what_was_written_down_of_an_entry_whose_hash_was_taken_away_is_told(world: World) -> None:
    await some_orders(world)
    world.rows("UPDATE order_history SET hash = NULL WHERE feed_seq = 4")
    assert any("no hash, though one was written down" in each for each in verdict(world, (SITE, 4, "ab" * 32)).breaks)


@pytest.mark.parametrize("where", [{"lat": -0.0, "lon": 0.5}, {"lat": 0.5, "lon": -0.0}, {"lat": 0, "lon": 0}])
async def test_a_zero_is_the_same_with_any_sign(world: World, where: dict[str, float]) -> None:
    await world.by("rita").post("reports", REPORT | where)
    assert verdict(world).breaks == ()


def test_a_database_that_is_away_is_told_in_a_sentence() -> None:
    with pytest.raises(TransientError, match="the database cannot be asked"):
        verify(f"postgresql://nobody@127.0.0.1:{free_port()}/none")
