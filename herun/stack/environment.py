"""What the processes of a stack are told: the settings that a person gave, and what the stack made up for the rest."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from herun.clock import SystemClock, parse_clock
from herun.settings import PREFIX, Settings
from herun.stack.credentials import Credentials
from herun.stack.folder import Folder, StackError, write_private
from herun.stack.ports import LOOPBACK, Ports


class StackSettings(Settings):
    """The settings as a person gave them: without stack.env, which is what the stack made of them last time."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources = super().settings_customise_sources(
            settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
        )
        return sources[:-1]

    @property
    def needs_broker(self) -> bool:
        """True if broker or stream (one program here) is not given from outside."""
        return self.nats_url is None or self.mqtt_url is None

    @property
    def needs_database(self) -> bool:
        """True if no database is given from outside."""
        return self.database_url is None


def resolve_environment(
    settings: StackSettings, folder: Folder, ports: Ports, credentials: Credentials, own_dsn: str | None
) -> dict[str, str]:
    """Every HERUN_ variable of the stack's processes. What a person has set stays as it is."""
    made = {
        "token_key": credentials.token_key,
        "personal_key": credentials.personal_key,
        "api_port": str(ports.api),
        "gateway_http_port": str(ports.gateway_http),
        "processor_http_port": str(ports.processor_http),
        **_clock(settings, folder),
    }
    if own_dsn is not None:
        made |= {"database_url": own_dsn, "database_port": str(ports.database)}
    if settings.needs_broker:
        made |= _broker(settings, ports, credentials)
    given = {name: _text(getattr(settings, name)) for name in settings.model_fields_set - {"data_dir"}}
    values = {**made, **{name: text for name, text in given.items() if text is not None}}
    return {f"{PREFIX}{name.upper()}": text for name, text in sorted(values.items())}


def write_stack_env(folder: Folder, values: Mapping[str, str]) -> None:
    """Leaves the values where any `herun` command finds them. Raises StackError for one that does not fit on a line."""
    for name, value in values.items():
        if "'" in value or "\n" in value:
            raise StackError(f"{name} holds a quote or a line break: it cannot be written to {folder.stack_env}")
    lines = [f"{name}='{value}'" for name, value in values.items()]
    write_private(folder.stack_env, "\n".join(lines) + "\n")


def process_environment(folder: Folder, values: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a service."""
    return {**os.environ, **values, f"{PREFIX}DATA_DIR": str(folder.root), "PYTHONUNBUFFERED": "1"}


def _broker(settings: StackSettings, ports: Ports, credentials: Credentials) -> dict[str, str]:
    """The endpoints of our own broker, for whichever of its two halves is not given from outside."""
    nats = f"{LOOPBACK}:{ports.nats}"
    made = {"nats_port": str(ports.nats), "nats_monitor_port": str(ports.nats_monitor)}
    if settings.nats_url is None:
        made["nats_url"] = f"nats://services:{credentials.nats_services}@{nats}"
    if settings.mqtt_url is None:
        host = LOOPBACK if settings.host == "0.0.0.0" else settings.host
        mqtt = f"{host}:{ports.mqtt}"
        made |= {
            "mqtt_port": str(ports.mqtt),
            "mqtt_public_port": str(ports.mqtt),
            "mqtt_url": f"mqtt://gateway:{credentials.nats_gateway}@{mqtt}",
            "mqtt_replay_url": f"mqtt://replay:{credentials.nats_replay}@{mqtt}",
            "devices_nats_url": f"nats://devices-admin:{credentials.nats_devices_admin}@{nats}",
            "auth_callout_nats_url": f"nats://auth-callout:{credentials.nats_auth_callout}@{nats}",
            "system_nats_url": f"nats://sys:{credentials.nats_sys}@{nats}",
            "auth_callout_seed": credentials.auth_callout_seed,
        }
    return made


def _clock(settings: StackSettings, folder: Folder) -> dict[str, str]:
    """The simulated clock, if one is wanted. It goes on where it is while the same one is asked for."""
    if settings.clock is None:
        folder.clock.unlink(missing_ok=True)
        return {}
    epoch_us = settings.clock_epoch or _clock_epoch(settings.clock, folder)
    try:
        parse_clock(settings.clock, epoch_us)
    except ValueError as error:
        raise StackError(f"HERUN_CLOCK={settings.clock}: {error}") from error
    write_private(folder.clock, json.dumps({"clock": settings.clock, "epoch_us": epoch_us}) + "\n")
    return {"clock": settings.clock, "clock_epoch": str(epoch_us)}


def _clock_epoch(clock: str, folder: Folder) -> int:
    try:
        kept = json.loads(folder.clock.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        kept = {}
    return int(kept["epoch_us"]) if kept.get("clock") == clock else SystemClock().now_us()


def _text(value: object) -> str | None:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return None if value is None else str(value)
