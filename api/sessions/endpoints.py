"""POST /v1/sessions, GET /v1/me."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends

from api.access import Caller, requires
from api.resources import Held
from api.roles import EVERYBODY
from api.sessions import service
from api.sessions.schemas import Me, Session, SignIn
from api.throttles.address import Address

router = APIRouter(tags=["sessions"])


@router.post("/sessions", status_code=HTTPStatus.CREATED)
async def sign_in(resources: Held, address: Address, body: SignIn) -> Session:
    """Signs in. No Idempotency-Key: signing in twice gives two tokens and harms nobody."""
    return await service.sign_in(resources, address, body)


@router.get("/me")
async def me(resources: Held, caller: Annotated[Caller, Depends(requires(*EVERYBODY))]) -> Me:
    """Who you are."""
    return await service.me(resources, caller)
