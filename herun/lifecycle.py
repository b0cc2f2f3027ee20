"""How a service runs: until a signal, with ordered start and reverse stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

import structlog

from herun import log as logs
from herun.errors import ConfigurationError, FencedError
from herun.settings import settings

log = structlog.get_logger(__name__)

EXIT_CONFIGURATION = 78  # EX_CONFIG: a restart will not help
EXIT_FENCED = 75  # EX_TEMPFAIL: another instance has taken over


def run_service(name: str, main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Runs `main(stop)` until it ends, or until SIGTERM or SIGINT set `stop` and it has drained; exits the process."""
    logs.configure(name, settings().log_level)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_until_stopped(name, main))
    except* ConfigurationError as group:
        log.critical("configuration_error", errors=[str(error) for error in group.exceptions])
        sys.exit(EXIT_CONFIGURATION)
    except* FencedError as group:
        log.critical("fenced", errors=[str(error) for error in group.exceptions])
        sys.exit(EXIT_FENCED)


async def _until_stopped(name: str, main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    log.info("service_started", version_of=name)
    await main(stop)
    log.info("service_stopped")


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop
