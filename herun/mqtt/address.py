"""Where a broker is, and as whom to connect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from herun.errors import ConfigurationError
from herun.mqtt.packets import VERSION_5, VERSION_311

DEFAULT_PORT: Final = 1883
_VERSIONS: Final = {"mqtt": VERSION_311, "mqtt5": VERSION_5}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """The parts of a broker's URL."""

    host: str
    port: int
    username: str | None
    password: str | None
    version: int


def parse_broker_url(url: str) -> BrokerAddress:
    """The parts of `mqtt://user:password@host:port`, or `mqtt5://` for MQTT 5. Raises ConfigurationError."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORT
    except ValueError as error:
        raise ConfigurationError(f"no broker URL: {error}") from error
    if parts.scheme not in _VERSIONS or not parts.hostname:
        raise ConfigurationError("a broker URL is mqtt://user:password@host:port, or mqtt5:// for MQTT 5")
    return BrokerAddress(
        parts.hostname,
        port,
        None if parts.username is None else unquote(parts.username),
        None if parts.password is None else unquote(parts.password),
        _VERSIONS[parts.scheme],
    )
