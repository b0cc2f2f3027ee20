"""Tries are counted by who can change their address, not by how often they do."""

from __future__ import annotations

import pytest

from api.throttles.address import counted_as


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_an_address_is_counted_by_what_one_house_has(host: str, address: str) -> None:
    assert counted_as(host) == address
