"""`python -m gateway`: runs the gateway until SIGTERM or SIGINT."""

from gateway.service import main
from herun.lifecycle import run_service

if __name__ == "__main__":
    run_service("gateway", main)
