"""`python -m processor.backtest`: a job as one line on standard input, its result as one line on standard output.

It ends when its standard input does: whoever started it holds that open, so a caller that is killed leaves nobody
behind. Standard error has the figures of the run as its last line. Exit codes: 0 done, 2 the job cannot be done (the
reason is on standard output as {"error": ..., "reason": ...}), 1 something was away or broke.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, Final

import psycopg

from herun.backtests import Backtest, decode_job
from herun.errors import InvalidInputError
from herun.settings import settings
from processor.backtest.report import canonical
from processor.backtest.rows import open_rows
from processor.backtest.run import Measured, backtest
from processor.backtest.trace import trace
from processor.store import in_words

CANNOT_BE_DONE: Final = 2
MAX_JOB_BYTES: Final = 1_000_000
NICENESS: Final = 10  # the live engine comes first


def main() -> int:
    """Runs the job of standard input."""
    os.nice(NICENESS)
    line = sys.stdin.buffer.readline(MAX_JOB_BYTES)
    threading.Thread(target=_end_with_input, daemon=True).start()
    measured = Measured()
    try:
        job = decode_job(line)
        with open_rows(settings().need("database_url"), job.site) as rows:
            result: dict[str, Any] = (
                backtest(rows, job, measured) if isinstance(job, Backtest) else trace(rows, job, measured)
            )
    except InvalidInputError as error:
        _say(canonical({"error": error.detail, "reason": error.reason}))
        return CANNOT_BE_DONE
    except psycopg.Error as error:
        sys.stderr.write(f"{in_words(error)}\n")
        return 1
    _say(canonical(result))
    sys.stderr.write(canonical(measured.as_dict()) + "\n")
    return 0


def _say(line: str) -> None:
    sys.stdout.buffer.write(line.encode() + b"\n")
    sys.stdout.buffer.flush()


def _end_with_input() -> None:
    # Past the buffered reader, whose lock a thread that waits would still hold when the process ends.
    while os.read(sys.stdin.fileno(), 1024):
        continue
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
