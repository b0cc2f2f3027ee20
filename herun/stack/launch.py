"""Runs a program that dies with its parent: `launch.py <parent pid> <death signal> <identity> <program> [argument]...`.

A program of its own, started as a script with nothing but the standard library, because what it does (who dies when,
who runs as whom) has to happen in the child between fork and exec, where a process with threads may not run Python.

Identity is `-` (stay who you are), `map:<uid>` (root only inside: a user namespace in which we are that user, with
the same rights over files as before) or `user:<uid>:<gid>` (become that user).

Exit codes of its own: 120 the parent died meanwhile, 121 the identity cannot be had here, 122 the program cannot run.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from typing import Final

PARENT_DIED: Final = 120
NO_IDENTITY: Final = 121
NOT_RUNNABLE: Final = 122

_PR_SET_PDEATHSIG: Final = 1
_CLONE_NEWUSER: Final = 0x10000000


def _system_call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _enter_user_namespace(uid: int) -> None:
    outer = os.geteuid()
    _system_call("unshare", _CLONE_NEWUSER)
    descriptor = os.open("/proc/self/uid_map", os.O_WRONLY)
    try:
        os.write(descriptor, f"{uid} {outer} 1".encode("ascii"))
    finally:
        os.close(descriptor)


def _take_identity(identity: str) -> None:
    kind, _, rest = identity.partition(":")
    if kind == "map":
        _enter_user_namespace(int(rest))
    elif kind == "user":
        uid, gid = map(int, rest.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def _die_with(parent: int, signal_number: int) -> bool:
    """False if the parent has died before it could be asked for."""
    if sys.platform == "linux":
        # After the change of identity: that change would clear it.
        _system_call("prctl", _PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    return os.getppid() == parent


def main(arguments: list[str]) -> int:
    """Becomes the program; returns an exit code only if that fails."""
    parent, signal_number, identity, *command = arguments
    try:
        _take_identity(identity)
        with contextlib.suppress(OSError):  # a working directory that the identity may not enter is nobody's need
            os.chdir("/") if identity != "-" else None
        alive = _die_with(int(parent), int(signal_number))
    except OSError as error:
        print(f"launch: cannot run as {identity}: {error}", file=sys.stderr)
        return NO_IDENTITY
    if not alive:
        return PARENT_DIED
    try:
        os.execvp(command[0], command)  # noqa: S606 - becoming another program is what this one is for
    except OSError as error:
        print(f"launch: cannot run {command[0]}: {error}", file=sys.stderr)
    return NOT_RUNNABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
