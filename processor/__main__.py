"""`python -m processor`"""

from __future__ import annotations

from herun.lifecycle import run_service
from processor.service import run

if __name__ == "__main__":
    run_service("processor", run)
