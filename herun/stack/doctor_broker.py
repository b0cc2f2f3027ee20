"""What `herun doctor` finds in the broker's log: MQTT clients whose id it refuses, without a word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from herun.stack.findings import Finding, Level

MAX_READ_BYTES: Final = 4 * 1024**2  # of the log's end
RECENT: Final = timedelta(days=1)  # older refusals have been seen to, or the device is gone
MAX_NAMED: Final = 5
MAX_CHARS: Final = 64  # of an id; whoever connects chooses it
# nats-server 2.15's line, its time in the machine's zone; the id is quoted as Go does it.
_REFUSED: Final = re.compile(r'^\[\d+\] (\S+ [\d:]+)\S* \[ERR\] .* - invalid character in client ID "(.*)"$')
_TIME: Final = "%Y/%m/%d %H:%M:%S"


def check_clients(log: Path, now: datetime) -> list[Finding]:
    """Client ids that were refused within a day of `now`, a time of the machine's zone."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - MAX_READ_BYTES))
            text = file.read(MAX_READ_BYTES).decode(errors="replace")
    except OSError:
        return []  # no broker of ours, or none that has said anything
    return list(judge_clients(refused_since(text.splitlines(), now - RECENT)))


def refused_since(lines: Iterable[str], since: datetime) -> dict[str, str]:
    """Each client id that was refused since then, with the last time."""
    begin, found = since.strftime(_TIME), {}
    for line in lines:
        refused = _REFUSED.match(line)
        if refused is not None and refused[1] >= begin:
            found[refused[2]] = refused[1]
    return found


def judge_clients(refused: dict[str, str]) -> Iterator[Finding]:
    """A finding that names them, if there are any."""
    if refused:
        named = ", ".join(f'"{name[:MAX_CHARS]}" (last {when})' for name, when in list(refused.items())[:MAX_NAMED])
        more = f" and {len(refused) - MAX_NAMED} more" if len(refused) > MAX_NAMED else ""
        yield Finding(
            "clients",
            Level.WARNING,
            f"the broker refuses MQTT clients because of their client id: {named}{more}; it takes letters, digits, "
            "- and _, no dot and no space: use the user name with - in place of the dot",
        )
