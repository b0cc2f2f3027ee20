"""`python -m herun.stack` is the `herun` command."""

from __future__ import annotations

from herun.stack.cli import main

main()
