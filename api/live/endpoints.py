"""GET /v1/sites/{site}/live."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

from api.access import Caller, requires_here_or_in_link
from api.live import cursor as cursors
from api.live import service
from api.live.schemas import Kind
from api.live.service import Reader
from api.problems import Problem, invalid
from api.resources import Held
from api.roles import EVERYBODY, READERS
from api.schema import SiteName
from api.work_orders.order import Person

router = APIRouter(tags=["live"])

LastId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=120)]
LastIdParameter = Annotated[str | None, Query(max_length=120, description="the same as the header Last-Event-ID")]


class _Counted(EventSourceResponse):
    """A feed that has its place from its first byte to its last: of many opened at once the last are refused."""

    def __init__(self, person: Person, content: AsyncIterator[bytes], **more: Any) -> None:
        super().__init__(content, **more)
        self._person = person

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with service.counted(self._person):
            await super().__call__(scope, receive, send)


@router.get(
    "/sites/{site}/live",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def live(
    site: SiteName,
    resources: Held,
    caller: Annotated[Caller, Depends(requires_here_or_in_link(*EVERYBODY))],
    *,
    kinds: Annotated[
        str | None,
        Query(max_length=60, description="of event, alert, order; with commas; left out: all that you may see"),
    ] = None,
    last_event_id: LastId = None,
    last_event_id_parameter: Annotated[LastIdParameter, Query(alias="last_event_id")] = None,
) -> Response:
    """What happens, as it happens; after a break from where it broke. Workers and residents see their orders only."""
    reader = Reader(
        site=site,
        person=Person(caller.username, caller.roles, caller.building),
        kinds=_kinds(kinds, caller),
        expires_wall_us=caller.expires_wall_us,
    )
    service.refuse_if_full(reader.person)  # before the database is asked
    last = last_event_id or last_event_id_parameter
    cursor = cursors.parse(last) if last else await service.start(resources, reader)
    return _Counted(
        reader.person,
        service.feed(resources, reader, cursor),
        ping=service.HEARTBEAT_S,
        ping_message_factory=lambda: ServerSentEvent(comment="heartbeat"),
        send_timeout=service.SEND_TIMEOUT_S,
    )


def _kinds(text: str | None, caller: Caller) -> frozenset[Kind]:
    allowed = frozenset(Kind) if caller.has(*READERS) else frozenset({Kind.ORDER})
    if text is None:
        return allowed
    try:
        wanted = frozenset(Kind(part) for part in text.split(","))
    except ValueError as error:
        raise invalid("unknown_kind", f"kinds are {', '.join(Kind)}") from error
    if not wanted <= allowed:
        raise Problem(HTTPStatus.FORBIDDEN, "forbidden", f"you may see: {', '.join(sorted(allowed))}")
    return wanted
