"""The stack's own secrets: generated once, kept in files that only their owner reads."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields

from herun.broker_auth import new_account_seed
from herun.stack.folder import Folder, write_private

_PASSWORD_BYTES = 24  # of randomness in each generated password: 192 bit
_KEY_BYTES = 48  # of the keys that sign tokens and hash personal values


@dataclass(frozen=True, slots=True)
class Credentials:
    """One field a file in `<data_dir>/secrets`, the underscores as dashes."""

    token_key: str
    personal_key: str
    database_superuser: str
    database_password: str
    nats_gateway: str
    nats_replay: str
    nats_devices_admin: str
    nats_services: str
    nats_auth_callout: str
    nats_sys: str
    auth_callout_seed: str


def load_credentials(folder: Folder) -> Credentials:
    """The folder's secrets; missing ones are generated. Losing one afterwards locks the stack out of its data."""
    return Credentials(**{field.name: _load(folder, field.name) for field in fields(Credentials)})


def _load(folder: Folder, name: str) -> str:
    path = folder.secrets / name.replace("_", "-")
    if not path.exists():
        write_private(path, _generate(name) + "\n")
    return path.read_text(encoding="utf-8").strip()


def _generate(name: str) -> str:
    if name == "auth_callout_seed":
        return new_account_seed(secrets.token_bytes(32))
    return secrets.token_urlsafe(_KEY_BYTES if name.endswith("_key") else _PASSWORD_BYTES)
