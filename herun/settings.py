"""Every setting of every service, from the environment, a file of secrets, or the running stack's `stack.env`.

Order: environment, `HERUN_<NAME>_FILE`, `<data_dir>/stack.env` (written by the one-box stack), default.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from herun.clock import Clock, parse_clock
from herun.errors import ConfigurationError

PREFIX = "HERUN_"


class SecretFilesSource(PydanticBaseSettingsSource):
    """Reads a setting from the file that `HERUN_<NAME>_FILE` names, as container platforms mount secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:  # noqa: ARG002
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            raise ConfigurationError(f"{PREFIX}{field_name.upper()}_FILE: {error}") from error

    def __call__(self) -> dict[str, str]:
        values = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(field, name)
            if value is not None:
                values[key] = value
        return values


class Settings(BaseSettings):
    """The settings; each is documented in docs/settings.md under its environment name."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    data_dir: Path = Field(default=Path(".herun"), description="Folder of the one-box stack: databases, secrets, logs")
    objects_dir: Path | None = Field(default=None, description="Folder of pictures; default <data_dir>/objects")

    database_url: SecretStr | None = Field(default=None, description="PostgreSQL DSN; unset: the stack starts its own")
    nats_url: SecretStr | None = Field(
        default=None, description="Stream URL nats://user:password@host:port, account HERUN"
    )
    devices_nats_url: SecretStr | None = Field(
        default=None,
        description="NATS URL of the devices' account, to bound and watch $MQTT_msgs; unset with a foreign broker",
    )
    auth_callout_nats_url: SecretStr | None = Field(
        default=None,
        description="NATS URL of the auth callout user; unset: devices are authenticated by the broker itself",
    )
    system_nats_url: SecretStr | None = Field(
        default=None,
        description="NATS URL of the system account, to end a revoked device's connections; unset: they last",
    )
    auth_callout_seed: SecretStr | None = Field(
        default=None, description="Account nkey seed that signs device permissions"
    )
    mqtt_url: SecretStr | None = Field(
        default=None, description="Broker URL mqtt://user:password@host:port of the gateway"
    )
    mqtt_replay_url: SecretStr | None = Field(
        default=None, description="Broker URL of the user that replays dead letters"
    )
    mqtt_public_port: int | None = Field(default=None, description="Port that devices connect to, shown to people")

    broker_log: Path | None = Field(
        default=None, description="nats-server's log, to count what it refuses; unset: the one-box stack's own"
    )

    host: str = Field(default="127.0.0.1", description="Address that listeners of the stack and the API bind to")
    mqtt_port: int | None = Field(default=None, description="One-box MQTT port; unset: 1883 if free, else any")
    nats_port: int | None = Field(default=None, description="One-box stream port; unset: 4222 if free, else any")
    nats_monitor_port: int | None = Field(default=None, description="One-box NATS monitoring port; unset: any free one")
    database_port: int | None = Field(
        default=None, description="One-box PostgreSQL port; unset: 5432 if free, else any"
    )
    postgres_bin_dir: Path | None = Field(default=None, description="Folder of initdb and postgres, before the wheel's")
    api_port: int | None = Field(default=None, description="Port of the API; unset: 8000 if free, else any")
    gateway_http_port: int | None = Field(default=None, description="Port of the gateway's health and metrics")
    processor_http_port: int | None = Field(default=None, description="Port of the processor's health and metrics")

    public_url: str | None = Field(
        default=None, description="Address under which people reach the API, for links; unset: that of the request"
    )
    open311_contact: str = Field(
        default="Ask the management of the estate for help and for a key.",
        description="Whom to ask about Open311 and for a key, as its discovery document says",
    )

    partitions: int = Field(
        default=4, ge=1, le=64, description="Partitions of the event stream; fixed at the first start"
    )
    gateway_shard: str = Field(default="0", description="Name of this gateway's shard; makes its MQTT client id")
    processor_id: str = Field(default="processor-0", description="Name under which this processor holds leases")
    frame_linger_ms: float = Field(
        default=4.0, ge=0, le=1000, description="Longest time an event waits for its frame to fill"
    )
    replay_horizon_hours: float = Field(default=24.0, ge=0, description="How far back the stream can be replayed")
    snapshot_interval_s: float = Field(
        default=30.0, gt=0, description="Seconds between snapshots of the engine's state"
    )
    personal_retention_days: int = Field(
        default=30, ge=1, description="Days that plates, pictures and other personal values are kept"
    )

    events_max_mb: int = Field(default=4096, ge=1, description="MiB of the event stream; full, the gateway waits")
    broker_max_mb: int = Field(default=2048, ge=1, description="MiB held while the gateway is down; full, devices wait")

    personal_key: SecretStr | None = Field(default=None, description="Key of the hash that stands for a personal value")
    token_key: SecretStr | None = Field(default=None, description="Key that signs access tokens, 32 bytes or more")
    token_minutes: int = Field(default=480, ge=1, description="Minutes that an access token is valid")

    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server of notices, smtp://, smtp+starttls:// or smtps://user:password@host:port; unset: none",
    )
    smtp_from: str | None = Field(default=None, description="Address that notices by mail come from")
    vapid_private_key: SecretStr | None = Field(
        default=None, description="P-256 key of web push, 32 bytes in base64url; unset: no web push"
    )
    vapid_subject: str | None = Field(
        default=None, description="mailto: or https: address by which push services reach whoever runs this"
    )
    web_push_hosts: str = Field(
        default="fcm.googleapis.com,push.services.mozilla.com,push.apple.com,notify.windows.com",
        description="Push services that browsers may name, with all below them; commas between",
    )
    web_push_private_hosts: str = Field(
        default="", description="Tests only: host:port of push services that may be local and without TLS"
    )
    wechat_app_id: str | None = Field(default=None, description="WeChat official account; unset: no notices by WeChat")
    wechat_app_secret: SecretStr | None = Field(default=None, description="Its secret")
    wechat_template_id: str | None = Field(
        default=None, description="Its message template, fields as docs/notices.md says"
    )
    wechat_api_url: str = Field(default="https://api.weixin.qq.com", description="Where WeChat answers")
    notice_robots: SecretStr | None = Field(
        default=None, description="JSON list of the robots of WeCom, DingTalk and Feishu groups, see docs/notices.md"
    )

    clock: str | None = Field(default=None, description="<ISO start>@<speed>: a simulated clock for demo and tests")
    clock_epoch: int | None = Field(
        default=None, description="Wall time in microseconds at which the clock stood at its start"
    )
    durable: str = Field(
        default="process", pattern="^(process|power)$", description="power: fsync each message, a quarter of the rate"
    )
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="Least severity that is logged"
    )
    fault: str | None = Field(default=None, description="Tests only: named points at which a process kills itself once")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        data_dir = Path(os.environ.get(f"{PREFIX}DATA_DIR", ".herun"))
        stack = DotEnvSettingsSource(settings_cls, env_file=data_dir / "stack.env", env_file_encoding="utf-8")
        return init_settings, env_settings, SecretFilesSource(settings_cls), stack

    @property
    def objects(self) -> Path:
        """The folder of pictures."""
        return self.objects_dir or self.data_dir / "objects"

    def make_clock(self) -> Clock:
        """The clock that these settings describe."""
        return parse_clock(self.clock, self.clock_epoch)

    def need(self, name: str) -> str:
        """The text of a setting that this process cannot do without. Raises ConfigurationError with its name."""
        value = getattr(self, name)
        if value is None:
            raise ConfigurationError(
                f"{PREFIX}{name.upper()} is not set, and no stack.env was found in {self.data_dir}"
            )
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
