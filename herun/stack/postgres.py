"""The one-box PostgreSQL: cluster made once, postmaster as a direct child, ready when it says so itself."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import psycopg
import structlog
from psycopg import conninfo

from herun.database.queries import Queries
from herun.stack.binaries import PostgresBinaries, user_of
from herun.stack.child import ChildSpec, launch_command
from herun.stack.credentials import Credentials
from herun.stack.folder import PRIVATE_FILE, PRIVATE_FOLDER, StackError
from herun.stack.ports import LOOPBACK

log = structlog.get_logger(__name__)
_queries = Queries("herun.stack")

SUPERUSER: Final = "postgres"
LOGIN: Final = "herun"
DATABASE: Final = "herun"
PROVISION_TIMEOUT_S: Final = 10

_INITDB_TIMEOUT_S: Final = 120
_DRAIN_S: Final = 60.0  # a fast stop writes a checkpoint; behind a full WAL that takes a while
_PID_LINE: Final = 0
_STATUS_LINE: Final = 7  # of postmaster.pid

# Of a box that PostgreSQL shares with the broker and three services. The WAL bound keeps checkpoints rare under load;
# fsync and synchronous_commit stay on: a committed event is a kept event.
_SETTINGS: Final = {
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "60",
    "synchronous_commit": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_error_verbosity": "terse",  # a complaint's details quote the row: the log would hold plates and phones
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "idle_in_transaction_session_timeout": "5min",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """One database cluster: its files, the programs that serve it, who they run as, and its port."""

    path: Path
    binaries: PostgresBinaries
    identity: str
    port: int

    @property
    def pid_file(self) -> Path:
        return self.path / "postmaster.pid"

    def dsn(self, user: str, password: str, database: str = DATABASE) -> str:
        """The libpq URL of one login."""
        return f"postgresql://{user}:{password}@{LOOPBACK}:{self.port}/{database}"


def cluster_major(path: Path) -> int | None:
    """The major version that made the cluster; None if there is none."""
    try:
        return int((path / "PG_VERSION").read_text(encoding="ascii"))
    except FileNotFoundError:
        return None


def prepare_cluster(cluster: Cluster, credentials: Credentials) -> None:
    """Makes the cluster if there is none. Raises StackError if it is of another major version or cannot be made."""
    found = cluster_major(cluster.path)
    if found is None:
        _initialise(cluster, credentials.database_superuser)
    elif found != cluster.binaries.major:
        raise StackError(
            f"the database in {cluster.path} was made by PostgreSQL {found}, but {cluster.binaries.folder} is"
            f" {cluster.binaries.major}: set HERUN_POSTGRES_BIN_DIR to a PostgreSQL {found}, or move the data with"
            " pg_dump or pg_upgrade"
        )


def postgres_spec(cluster: Cluster) -> ChildSpec:
    """The postmaster as a process."""

    async def is_ready(pid: int) -> bool:
        # A file that an earlier postmaster left behind also says "ready", so the pid must be this one's.
        lines = _pid_file_lines(cluster)
        return len(lines) > _STATUS_LINE and lines[_PID_LINE] == str(pid) and lines[_STATUS_LINE].strip() == "ready"

    settings = {"port": str(cluster.port), "listen_addresses": LOOPBACK, "unix_socket_directories": "", **_SETTINGS}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return ChildSpec(
        name="postgres",
        command=(cluster.binaries.program("postgres"), "-D", str(cluster.path), *options),
        environment=_environment(),
        is_ready=is_ready,
        ports={"database": cluster.port},
        stop_signal=signal.SIGINT,  # fast: ends sessions, rolls back what is open
        death_signal=signal.SIGINT,
        drain_s=_DRAIN_S,
        identity=cluster.identity,
        prepare=lambda: clear_stale_pid_file(cluster),
    )


def provision(cluster: Cluster, credentials: Credentials) -> str:
    """Makes the login and the database that the services use, if they are missing; the DSN. Blocks. Raises StackError.

    The login is no superuser: row-level security holds for it, and it can do no more than on a managed database.
    """
    superuser = cluster.dsn(SUPERUSER, credentials.database_superuser, "postgres")
    try:
        with psycopg.connect(superuser, autocommit=True, connect_timeout=PROVISION_TIMEOUT_S) as connection:
            named = {"login": LOGIN, "database": DATABASE, "password": credentials.database_password}
            for statement in ("login_statement", "database_statement"):
                row = connection.execute(_queries[statement], named).fetchone()
                if row is not None:
                    connection.execute(row[0])
    except psycopg.Error as error:
        raise StackError(
            f"the database in {cluster.path} does not let us in: {error}. If files in secrets/ were lost, this stack"
            " cannot open it any more"
        ) from error
    return cluster.dsn(LOGIN, credentials.database_password)


def clear_stale_pid_file(cluster: Cluster) -> None:
    """Removes a postmaster.pid that names no postmaster of this cluster. Raises StackError if one runs.

    PostgreSQL refuses to start when the pid in the file is another process of the same user by now, or is unreadable.
    """
    lines = _pid_file_lines(cluster)
    if not lines:
        return
    running = _postmaster_of(cluster, lines[_PID_LINE])
    if running is not None:
        raise StackError(f"another PostgreSQL (pid {running}) already serves {cluster.path}: stop it first")
    log.warning("stale_pid_file_removed", path=str(cluster.pid_file))
    cluster.pid_file.unlink(missing_ok=True)


def address_of(dsn: str) -> str:
    """Host and port of a DSN, without its password."""
    parts = conninfo.conninfo_to_dict(dsn)
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}"


def _pid_file_lines(cluster: Cluster) -> list[str]:
    try:
        text = cluster.pid_file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return text.splitlines() or [""]


def _postmaster_of(cluster: Cluster, pid: str) -> int | None:
    if not pid.strip().isdigit():
        return None
    try:
        process = psutil.Process(int(pid))
        # A postmaster's working directory is its cluster, whatever it was called with.
        is_ours = process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == cluster.path.resolve()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None  # what another user runs cannot be ours either
    return process.pid if is_ours else None


def _initialise(cluster: Cluster, password: str) -> None:
    log.info("database_cluster_is_made", path=str(cluster.path), postgres=cluster.binaries.major)
    # Made aside and renamed: a half-made cluster is never taken for one.
    unfinished = cluster.path.with_name(f"{cluster.path.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=PRIVATE_FOLDER)
    owner = user_of(cluster.identity)
    if owner is not None:
        os.chown(unfinished, *owner)
    with _password_file(cluster.path.with_name("initdb-password"), password, owner) as password_file:
        command = launch_command(
            cluster.identity, cluster.binaries.program("initdb"), "-D", str(unfinished), "-U", SUPERUSER,
            f"--pwfile={password_file}", "--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "--data-checksums",
            "--no-instructions",
        )  # fmt: skip
        told = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_INITDB_TIMEOUT_S, env=_environment()
        )
    if told.returncode != 0:
        raise StackError(f"initdb could not make {cluster.path} (as {cluster.identity}): {told.stderr.strip()}")
    unfinished.rename(cluster.path)


@contextmanager
def _password_file(path: Path, password: str, owner: tuple[int, int] | None) -> Iterator[Path]:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(password + "\n")
    try:
        if owner is not None:
            os.chown(path, *owner)
        yield path
    finally:
        path.unlink(missing_ok=True)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
