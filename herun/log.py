"""Logs: one JSON object a line on standard error, without personal values."""

from __future__ import annotations

import logging
import re
import sys
from types import TracebackType
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

# In these parts of a complaint the database quotes the row, and with it plates, names and phones.
_QUOTED: Final = re.compile(r"(?:\n|\\n)(?:DETAIL|CONTEXT): .*?(?=\n\n(?:The above|During) |\Z)", re.DOTALL)
_TEXTS: Final = ("error", "exception")


def configure(service: str, level: str) -> None:
    """Sets up logging of this process; `service` stands in every line."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _quote_nothing,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(f'{{"service":"{service}","level":"%(levelname)s","event":"%(message)s"}}'))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def without_values(text: str) -> str:
    """An error's text without what the database quotes of the rows that it complains about."""
    return _QUOTED.sub("", text)


def _quote_nothing(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    for name in _TEXTS:
        if isinstance(line.get(name), str):
            line[name] = without_values(line[name])
    return line


class _Formatter(logging.Formatter):
    """For what libraries log: the web server tells of every error that we did not expect."""

    def formatException(  # noqa: N802 - the library's name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return without_values(super().formatException(ei))
