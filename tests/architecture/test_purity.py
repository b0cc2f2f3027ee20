"""The engine, the decoders and the workflow are functions of what they are given."""

from __future__ import annotations

import pytest

from tests.architecture.purity import PURE, impurities, is_pure
from tests.architecture.sources import Source, package_files


def test_every_pure_core_is_pure() -> None:
    assert [line for source in package_files() if is_pure(source) for line in impurities(source)] == []


@pytest.mark.parametrize("place", PURE)
def test_every_pure_core_is_there(place: str) -> None:
    assert any(source.path.startswith(place) for source in package_files())


@pytest.mark.parametrize(
    "text",
    [
        "import structlog",
        "from herun import settings",
        "from herun.database.pool import make_pool",
        "import psycopg.rows",
        "async def evaluate(): ...",
    ],
)
def test_an_impurity_is_seen(text: str) -> None:
    assert len(impurities(Source("processor/engine/engine.py", text))) == 1


def test_what_is_computed_is_let_be() -> None:
    assert impurities(Source("processor/engine/engine.py", "import msgspec\nfrom herun.events import Event\n")) == []
