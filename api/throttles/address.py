"""From where a request comes, as far as tries are counted by it."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Annotated, Final

from fastapi import Depends, Request

UNKNOWN: Final = "unknown"
_IPV6_PREFIX: Final = 64  # bits; one house is given that many addresses at least, and could try from each of them


def counted_as(host: str) -> str:
    """The address that tries from this host are counted under: of IPv6 its network, any other as it is."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _IPV6_PREFIX), strict=False))


def address_of(request: Request) -> str:
    """The address that tries of this request are counted under."""
    return counted_as(request.client.host) if request.client else UNKNOWN


Address = Annotated[str, Depends(address_of)]
