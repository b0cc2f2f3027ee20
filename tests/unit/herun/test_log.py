"""Laws of the logs: no personal value gets in by way of the database's complaints."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import logging
import psycopg
import structlog
from herun.log import configure

configure("test", "info")
log = structlog.get_logger("test")
try:
    try:
        raise psycopg.errors.UniqueViolation(
            "duplicate key\\nDETAIL:  Key (phone)=(13800000000\\nx)\\nCONTEXT:  COPY people, line 1: 13800000000"
        )
    except psycopg.Error as error:
        log.warning("first", error=repr(error))
        log.exception("second")
        raise ValueError("made of it") from error
except ValueError:
    log.exception("third")
    logging.getLogger("uvicorn.error").exception("fourth")
"""


@pytest.fixture(scope="module")
def output() -> str:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    return done.stderr


def test_what_the_database_quotes_of_a_row_is_not_logged(output: str) -> None:
    assert "13800000000" not in output


def test_what_it_complains_about_is(output: str) -> None:
    for line in ("first", "second", "third", "fourth"):
        assert f'"event": "{line}"' in output or f'"event":"{line}"' in output
    assert output.count("duplicate key") == 4
    assert output.count("made of it") == 2
