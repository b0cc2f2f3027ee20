"""What fails of one site, and what takes the process along."""

from __future__ import annotations

import pytest

from api import background

SITES = ["a", "b", "c"]


async def test_what_fails_of_one_site_keeps_no_other_from_its_turn() -> None:
    done = []

    async def run(site: str) -> int:
        if site == "b":
            raise ValueError("nobody thought of this")
        done.append(site)
        return 2

    assert await background.each_site("a_task", SITES, run) == 4
    assert done == ["a", "c"]


@pytest.mark.parametrize("error", [OSError("the database is away"), TimeoutError()])
async def test_what_is_away_is_away_for_every_site(error: Exception) -> None:
    done = []

    async def run(site: str) -> int:
        done.append(site)
        raise error

    with pytest.raises(type(error)):
        await background.each_site("a_task", SITES, run)
    assert done == ["a"]
