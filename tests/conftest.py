"""What every test shares. Fixtures that start servers live beside the tests that need them."""

from __future__ import annotations

import pytest

# Folders whose tests share servers that are slow to start: `make test` runs them in one process each, or one a module.
ONE_PROCESS = {"timescale"}
ONE_PROCESS_A_MODULE = {"e2e", "api"}


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Groups tests that share servers; the others go to whichever process is free."""
    for item in items:
        folder = item.path.parent.name
        if folder in ONE_PROCESS:
            item.add_marker(pytest.mark.xdist_group(folder))
        elif folder in ONE_PROCESS_A_MODULE:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
