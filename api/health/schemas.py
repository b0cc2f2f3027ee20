"""Health."""

from __future__ import annotations

from api.schema import View


class Healthy(View):
    """The process answers."""

    healthy: bool = True


class Ready(View):
    """Everything that the service needs is there."""

    ready: bool = True
