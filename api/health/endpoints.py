"""/healthz, /readyz, /metrics; at the root, without account, for who watches the process."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.clocks.sweep import TASK as SWEEP
from api.health import service
from api.health.schemas import Healthy, Ready
from api.outbox.service import TASK as RELAY
from api.problems import Problem
from api.resources import Held
from api.work_orders.follower import TASK as FOLLOWER

router = APIRouter(tags=["health"])

TASKS: Final = (RELAY, FOLLOWER, SWEEP)


@router.get("/healthz")
async def healthy() -> Healthy:
    """The process answers."""
    return Healthy()


@router.get("/readyz")
async def ready(resources: Held) -> Ready:
    """Database at the right revision, stream there, tasks going round; 503 with what is missing otherwise."""
    missing = await service.what_is_missing(resources, TASKS)
    if missing:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", "; ".join(missing))
    return Ready()


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics() -> Response:
    """Prometheus text."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
