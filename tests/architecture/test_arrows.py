"""Arrows: gateway, processor, api, simulators -> herun, and never each other; herun imports none of them."""

from __future__ import annotations

import pytest

from tests.architecture.arrows import broken_arrows
from tests.architecture.sources import PACKAGES, Source, package_files


def test_every_import_follows_the_arrows() -> None:
    assert [line for source in package_files() for line in broken_arrows(source)] == []


def test_every_package_is_looked_at() -> None:
    assert {source.package for source in package_files()} == set(PACKAGES)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gateway/ingest.py", "import processor.pipeline"),
        ("processor/pipeline.py", "from api import work_orders"),
        ("api/app.py", "from gateway.decoders.native import decode"),
        ("herun/frames.py", "def late() -> None:\n    from gateway import ingest"),
        ("herun/stack/services.py", "import api"),
        ("simulators/estate.py", "from herun import frames"),
        ("simulators/estate.py", "import herun.database.pool"),
        ("simulators/people.py", "from api.work_orders.schemas import Order"),
        ("gateway/app.py", "from herun.stack.cli import main"),
        ("herun/settings.py", "from tests import support"),
        ("herun/stack/services.py", "import importlib\nimportlib.import_module('api')"),
    ],
)
def test_an_import_against_the_arrows_is_seen(path: str, text: str) -> None:
    assert len(broken_arrows(Source(path, text))) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gateway/ingest.py", "from herun import frames\nfrom gateway.decoders import native"),
        ("herun/stack/cli.py", "from herun.stack.supervisor import run"),
        ("simulators/estate.py", "from herun.clock import Clock\nimport httpx"),
    ],
)
def test_an_import_along_the_arrows_is_let_be(path: str, text: str) -> None:
    assert broken_arrows(Source(path, text)) == []
