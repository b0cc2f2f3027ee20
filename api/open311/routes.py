"""/open311: the routes of the specification. They answer as it says, errors too, and stand in no OpenAPI document.

The format is off the path already when a route is looked for (`errors.Open311Errors`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from api.open311 import forms, keys, service, store, updating
from api.open311.asking import requests_asked, updates_asked
from api.open311.attributes import in_language
from api.open311.errors import FORMAT, refused, unknown
from api.open311.forms import Sent
from api.open311.intake import new_request
from api.open311.schemas import Key, Reading, Right
from api.open311.services import services
from api.open311.shown import Shower, definition_shown, service_shown
from api.open311.store import Jurisdiction
from api.open311.wire import MIME, Format, content_type, written
from api.pictures.endpoints import JPEG
from api.resources import Resources, resources_of
from api.storable import refuse_unstorable
from api.throttles.address import address_of
from api.transactions import ALL_SITES, begin
from herun.clock import to_datetime
from herun.names import is_name

ROOT: Final = "/open311/v2"
SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
_PRIVATE: Final = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Call:
    """One call: of which site, what was sent, and how to answer."""

    request: Request
    resources: Resources
    sent: Sent
    place: Jurisdiction
    key: Key | None
    language: str

    def answer(self, root: str, value: Any) -> Response:
        """The value in the format asked for."""
        return _answer(self.request, root, value)

    def shower(self) -> Shower:
        """What shows rows of this site to strangers."""
        address = f"{_base(self.request)}{ROOT}/media/" if self.place.shows_media else None
        return Shower(language=self.language, time_zone=self.place.time_zone, media_address=address)

    def may_read(self) -> None:
        """Raises Problem 403 where reading takes a key, and there is none, or a wrong one."""
        api_key = self.sent.one("api_key")
        if api_key is not None or self.place.reading is Reading.KEY:
            keys.allowed(self.key, api_key, Right.READ)

    async def writer(self) -> Key:
        """The client that writes. Raises Problem 403, 429."""
        key = keys.allowed(self.key, self.sent.one("api_key"), Right.CREATE)
        await keys.may_write(self.resources, key)
        return key


Handler = Callable[[Call], Awaitable[Response]]


class _Route(Route):
    """Says which it is, so that what is measured is measured by route."""

    def matches(self, scope: MutableMapping[str, Any]) -> tuple[Match, MutableMapping[str, Any]]:
        match, child = super().matches(scope)
        return match, {**child, "route": self}


def _route(path: str, read: Handler, write: Handler | None = None) -> Route:
    """One route a path, so that who asks by a method that is not there is told all those that are."""

    async def endpoint(request: Request) -> Response:
        handler = write if request.method == "POST" and write is not None else read
        return await handler(await _call(request))

    return _Route(path, endpoint, methods=["GET"] if write is None else ["GET", "POST"])


async def _call(request: Request) -> Call:
    await refuse_unstorable(request)
    resources = resources_of(request)
    sent = await (forms.sent(request) if request.method == "POST" else forms.asked(request))
    place = await _jurisdiction(resources, sent.one("jurisdiction_id"))
    key = await _client(resources, place.site, sent.one("api_key"))
    if key is None:
        await keys.may_ask(resources, address_of(request))
    language = "en" if request.headers.get("accept-language", "").lower().startswith("en") else "zh"
    return Call(request, resources, sent, place, key, language)


async def _jurisdiction(resources: Resources, asked: str | None) -> Jurisdiction:
    if asked is not None and not is_name(asked):
        raise unknown("jurisdiction_id")
    async with begin(resources, ALL_SITES) as tx:
        found = await store.jurisdictions(tx, asked)
    if not found:
        raise unknown("jurisdiction_id")
    if len(found) > 1:
        raise refused("jurisdiction_id was not provided")
    return found[0]


async def _client(resources: Resources, site: str, api_key: str | None) -> Key | None:
    if api_key is None:
        return None
    async with begin(resources, site) as tx:
        return await keys.client(tx, api_key)


async def discovery(request: Request) -> Response:
    """Where what is, in which formats, and how to get a key."""
    resources = resources_of(request)
    await keys.may_ask(resources, address_of(request))
    async with begin(resources, ALL_SITES) as tx:
        at = await service.changeset(tx)
    changeset = at.strftime("%Y-%m-%d %H:%M") if at else "1970-01-01 00:00"
    endpoint = {
        "specification": SPECIFICATION,
        "url": f"{_base(request)}{ROOT}",
        "changeset": changeset,
        "type": "production",
        "formats": list(MIME.values()),
    }
    contact = resources.settings.open311_contact
    document = {"changeset": changeset, "contact": contact, "key_service": contact, "endpoints": [endpoint]}
    return _answer(request, "discovery", document)


async def service_list(call: Call) -> Response:
    """What can be asked for."""
    async with begin(call.resources, call.place.site) as tx:
        offered = await services(tx)
    return call.answer("services", [service_shown(each, call.language) for each in offered])


async def service_definition(call: Call) -> Response:
    """What one service asks for."""
    async with begin(call.resources, call.place.site) as tx:
        found = service.service_of(await services(tx), call.request.path_params["code"])
    return call.answer("service_definition", definition_shown(found, call.language))


async def create(call: Call) -> Response:
    """Sends a request in."""
    key = await call.writer()
    jpegs, flaws = await service.pictures_of(call.resources, call.sent)
    code = call.sent.one("service_code")
    async with begin(call.resources, call.place.site, service.person_of(key.key_id).username) as tx:
        wanted = service.service_of(await services(tx), code) if code else None
        new = new_request(wanted, call.sent, flaws)
        assert wanted is not None  # noqa: S101 - a form that names none was refused
        secret = call.resources.personal_key
        receipt = await service.submit(tx, key, wanted, new, jpegs, secret=secret)
    notice = wanted.notice and in_language(wanted.notice, call.language)
    return call.answer("service_requests", [{**receipt, "service_notice": notice}])


async def token(call: Call) -> Response:
    """What became of a request of a batch."""
    async with begin(call.resources, call.place.site) as tx:
        return call.answer("service_requests", [await service.number_of(tx, call.request.path_params["token"])])


async def requests(call: Call) -> Response:
    """Published requests, the newest first."""
    asked = requests_asked(call.sent, to_datetime(call.resources.clock.now_us()))
    shower = call.shower()
    call.may_read()
    async with begin(call.resources, call.place.site) as tx:
        rows, offered = await service.requests(tx, asked)
    shown = [shower.request(row, offered, extended=asked.extended) for row in rows]
    return call.answer("service_requests", shown)


async def request(call: Call) -> Response:
    """One published request."""
    extended = call.sent.one("extensions") == "true"
    call.may_read()
    async with begin(call.resources, call.place.site) as tx:
        row, offered = await service.request(tx, call.request.path_params["number"])
    return call.answer("service_requests", [call.shower().request(row, offered, extended=extended)])


async def updates(call: Call) -> Response:
    """What happened to published requests, the oldest first."""
    asked = updates_asked(call.sent, to_datetime(call.resources.clock.now_us()))
    shower = call.shower()
    call.may_read()
    async with begin(call.resources, call.place.site) as tx:
        rows = await service.updates(tx, asked)
    return call.answer("service_requests_updates", [shower.update(row, extended=asked.extended) for row in rows])


async def update(call: Call) -> Response:
    """Adds to a request what its client says of it."""
    key = await call.writer()
    jpegs, flaws = await service.pictures_of(call.resources, call.sent)
    async with begin(call.resources, call.place.site, service.person_of(key.key_id).username) as tx:
        update_id = await updating.update(tx, key, call.sent, jpegs, flaws)
    return call.answer("service_request_updates", [{"update_id": update_id}])


async def picture(call: Call) -> Response:
    """A picture of a published request, where the site shows pictures."""
    if not call.place.shows_media:
        raise unknown("media")
    call.may_read()
    async with begin(call.resources, call.place.site) as tx:
        content = await service.picture(tx, call.request.path_params["media"])
    return Response(content, media_type=JPEG, headers={"X-Content-Type-Options": "nosniff"})


def _base(request: Request) -> str:
    return (request.app.state.resources.settings.public_url or str(request.base_url)).rstrip("/")


def _answer(request: Request, root: str, value: Any) -> Response:
    form: Format = request.scope[FORMAT]
    return Response(written(form, root, value), HTTPStatus.OK, headers={"Content-Type": content_type(form), **_PRIVATE})


ROUTES: Final = (
    _Route("/open311/discovery", discovery, methods=["GET"]),
    _Route(f"{ROOT}/discovery", discovery, methods=["GET"]),
    _route(f"{ROOT}/services", service_list),
    _route(f"{ROOT}/services/{{code}}", service_definition),
    _route(f"{ROOT}/requests", requests, create),
    _route(f"{ROOT}/requests/{{number}}", request),
    _route(f"{ROOT}/tokens/{{token}}", token),
    _route(f"{ROOT}/servicerequestupdates", updates, update),
    _route(f"{ROOT}/media/{{media}}", picture),
)
