"""GET /v1/progress."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.progress import service
from api.progress.schemas import Progress
from api.resources import Held
from api.throttles.address import Address

router = APIRouter(tags=["progress"])


@router.get("/progress")
async def ask(
    resources: Held,
    address: Address,
    number: Annotated[str, Query(min_length=1, max_length=40, description="the order's number")],
    phone_tail: Annotated[str, Query(pattern=r"^[0-9]{4}$", description="last four digits of the phone left with it")],
) -> Progress:
    """How far a report has come. No account is needed; tries are counted."""
    return await service.ask(resources, address, number, phone_tail)
