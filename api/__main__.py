"""`python -m api`: the API service."""

from __future__ import annotations

from api.serve import main
from herun.lifecycle import run_service

if __name__ == "__main__":
    run_service("api", main)
