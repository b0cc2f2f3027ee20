"""A container's health check: `python -m herun.stack.probe <port>` exits with 0 if the process there does its work."""

from __future__ import annotations

import asyncio
import sys

from herun.stack.ports import LOOPBACK
from herun.stack.web import answers_ok

if __name__ == "__main__":
    sys.exit(0 if asyncio.run(answers_ok(LOOPBACK, int(sys.argv[1]), "/readyz")) else 1)
