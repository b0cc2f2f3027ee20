"""The HTTP application: its routes, what every answer has in common, and what its OpenAPI document says."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi

from api import limits, problems
from api.alerts import endpoints as alerts
from api.arming import endpoints as arming
from api.audit import endpoints as audit
from api.backtests import endpoints as backtests
from api.bulletins import endpoints as bulletins
from api.calendar import endpoints as calendar
from api.care import endpoints as care
from api.categories import endpoints as categories
from api.clocks import endpoints as clocks
from api.devices import endpoints as devices
from api.dispatch import endpoints as dispatch
from api.duplicates import endpoints as duplicates
from api.events import endpoints as events
from api.evidence import endpoints as evidence
from api.figures import endpoints as figures
from api.health import endpoints as health
from api.known_query import refuse_unknown_query
from api.links import endpoints as links
from api.live import endpoints as live
from api.notices import endpoints as notices
from api.open311 import endpoints as open311
from api.open311.errors import Open311Errors, ReadByPages
from api.open311.routes import ROUTES as OPEN311_ROUTES
from api.passages import endpoints as passages
from api.people import endpoints as people
from api.pictures import endpoints as pictures
from api.plate_lists import endpoints as plate_lists
from api.problems import ProblemDetails
from api.progress import endpoints as progress
from api.promotions import endpoints as promotions
from api.questions import endpoints as questions
from api.reports import endpoints as reports
from api.resources import Resources
from api.return_visits import endpoints as return_visits
from api.rules import endpoints as rules
from api.sessions import endpoints as sessions
from api.sites import endpoints as sites
from api.storable import refuse_unstorable
from api.topics import endpoints as topics
from api.urges import endpoints as urges
from api.visitors import endpoints as visitors
from api.work_orders import endpoints as work_orders
from api.work_orders import machine

PREFIX: Final = "/v1"
VERSION: Final = "1"

# Routes are tried one after the other: what is asked for most comes first. Dispatch comes before the orders: its
# pool is no order's number.
_FEATURES: Final = (
    reports, dispatch, work_orders, machine, clocks, live, notices, alerts, events, sessions, sites, people, devices,
    rules, promotions, plate_lists, visitors, care, passages, arming, calendar, backtests, categories, progress, links,
    questions, urges, return_visits, pictures, duplicates, evidence, audit, open311, figures, bulletins, topics,
)  # fmt: skip

_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
# What any route may answer besides its own; the sentences are for the OpenAPI document.
_ALWAYS: Final = {
    "400": "The request cannot be read: no JSON, no cursor of ours.",
    "404": "There is no such thing, or not for your eyes.",
    "422": "The request can be read, but never be done; `errors` say which part and why.",
    "503": "Something is away for now; send it again, with the same Idempotency-Key.",
}
_WITH_TOKEN: Final = {"401": "No valid token.", "403": "Not your role, your site, or your order."}
_WITH_LIMIT: Final = {
    "401": "Name or password is wrong.",
    "429": "Too many tries; `Retry-After` says how long to wait.",
}
_WITH_WRITE: Final = {
    "409": "Not as things stand now.",
    "413": "The body is too large.",
    "429": "So often it may not be done.",
}


def create_app(resources: Resources | None = None) -> FastAPI:
    """The application; without resources it only describes itself."""
    app = FastAPI(
        title="Herun",
        version=VERSION,
        description="Events, alerts and work orders of a residential community.",
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(refuse_unstorable)],
    )
    app.state.resources = resources
    root = APIRouter(prefix=PREFIX, dependencies=[Depends(refuse_unknown_query)])
    for feature in _FEATURES:
        root.include_router(feature.router)
    app.include_router(root)
    app.include_router(health.router)
    app.router.routes.extend(OPEN311_ROUTES)
    problems.install(app)
    app.add_middleware(limits.BodyLimit)
    app.add_middleware(limits.Deadline)
    app.add_middleware(Open311Errors)
    app.add_middleware(ReadByPages)
    app.add_middleware(limits.Measured)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        parts = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= parts.pop("$defs", {}) | {"ProblemDetails": parts}
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if method in _METHODS:
                    operation["responses"] |= _errors(path, method, operation)
        app.openapi_schema = document
    return app.openapi_schema


def _errors(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    sentences = _ALWAYS | (_WITH_WRITE if method != "get" else {})
    if "security" in operation:
        sentences |= _WITH_TOKEN
    elif path.startswith(PREFIX):
        sentences |= _WITH_LIMIT
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {status: {"description": text, "content": content} for status, text in sorted(sentences.items())}
