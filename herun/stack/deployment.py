"""Prepares a deployment on several containers: `python -m herun.stack.deployment <folder>`, before all else starts.

Generates every secret once (there are no default passwords) and writes, a folder for each container, the files that it
mounts: `nats/nats.conf`, the database's passwords, and one file a setting for `HERUN_<NAME>_FILE`. Running it again
keeps the secrets and writes the same files, in the form of this version.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from herun.settings import Settings
from herun.stack.broker import render_configuration
from herun.stack.credentials import Credentials, load_credentials
from herun.stack.folder import PRIVATE_FILE, Folder, folder_at, write_private
from herun.stack.ports import Ports
from herun.stack.postgres import DATABASE, LOGIN

EVERYWHERE: Final = "0.0.0.0"
BROKER_HOST: Final = "nats"
DATABASE_HOST: Final = "timescaledb"
BROKER_STORE: Final = Path("/data/jetstream")

# Inside of the containers; which of them are seen outside is said in docker-compose.yml.
PORTS: Final = Ports(
    mqtt=1883, nats=4222, nats_monitor=8222, database=5432, api=8000, gateway_http=8001, processor_http=8002
)

# The database's image reads its passwords as a user that we do not choose; nobody else mounts that folder.
_READABLE_FILE: Final = 0o444

# Which settings each service is told by file, and none but those.
TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "gateway": (
        "nats_url", "devices_nats_url", "mqtt_url", "mqtt_replay_url", "auth_callout_nats_url", "auth_callout_seed",
        "system_nats_url", "personal_key",
    ),
    "processor": ("nats_url", "database_url"),
    "api": ("nats_url", "database_url", "personal_key", "token_key"),
    "migrate": ("database_url",),
}  # fmt: skip


def values(credentials: Credentials) -> dict[str, str]:
    """Every setting that is a secret or holds one, as the containers see each other."""
    nats, mqtt = f"{BROKER_HOST}:{PORTS.nats}", f"{BROKER_HOST}:{PORTS.mqtt}"
    database = f"{DATABASE_HOST}:{PORTS.database}/{DATABASE}"
    return {
        "nats_url": f"nats://services:{credentials.nats_services}@{nats}",
        "devices_nats_url": f"nats://devices-admin:{credentials.nats_devices_admin}@{nats}",
        "auth_callout_nats_url": f"nats://auth-callout:{credentials.nats_auth_callout}@{nats}",
        "system_nats_url": f"nats://sys:{credentials.nats_sys}@{nats}",
        "mqtt_url": f"mqtt://gateway:{credentials.nats_gateway}@{mqtt}",
        "mqtt_replay_url": f"mqtt://replay:{credentials.nats_replay}@{mqtt}",
        "database_url": f"postgresql://{LOGIN}:{credentials.database_password}@{database}",
        "auth_callout_seed": credentials.auth_callout_seed,
        "personal_key": credentials.personal_key,
        "token_key": credentials.token_key,
    }


def prepare(folder: Folder, *, durable: str) -> None:
    """Writes what is missing and renews what is made from it. Raises StackError if the folder cannot be used."""
    folder.create()
    credentials = load_credentials(folder)
    told = values(credentials)
    for service, names in TOLD.items():
        for name in names:
            _write(folder.root / service / name, told[name], PRIVATE_FILE)
    _write(folder.root / "database" / "superuser_password", credentials.database_superuser, _READABLE_FILE)
    _write(folder.root / "database" / "login_password", credentials.database_password, _READABLE_FILE)
    broker = render_configuration(
        EVERYWHERE, PORTS, credentials, store=BROKER_STORE, durable=durable, inside=EVERYWHERE
    )
    _write(folder.root / "nats" / "nats.conf", broker, PRIVATE_FILE)


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(exist_ok=True)
    write_private(path, text if text.endswith("\n") else text + "\n")
    path.chmod(mode)


if __name__ == "__main__":
    prepare(folder_at(Path(sys.argv[1])), durable=Settings().durable)
