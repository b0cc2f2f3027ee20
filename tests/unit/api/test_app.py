"""What holds for every route."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, get_args

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import BaseModel

from api.access import REQUIREMENTS
from api.app import create_app
from api.problems import MEDIA_TYPE
from api.roles import Role

# Whoever adds a route here says with it that strangers may call it.
PUBLIC: Final = {
    ("POST", "/v1/sessions"), ("GET", "/v1/progress"), ("POST", "/v1/progress/answer"), ("POST", "/v1/progress/urge"),
    ("GET", "/v1/progress/link/{token}"), ("POST", "/v1/progress/link/{token}/answer"),
    ("POST", "/v1/progress/link/{token}/urge"), ("POST", "/v1/sites/{site}/anonymous-reports"),
    ("POST", "/v1/sites/{site}/anonymous-reports/pictures"), ("GET", "/v1/sites/{site}/anonymous-reports/form"),
    ("POST", "/v1/sites/{site}/anonymous-reports/suggestions"),
    ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"),
}  # fmt: skip

APP: Final = create_app()
WRITING: Final = {"POST", "PUT", "PATCH", "DELETE"}
READING: Final = {
    ("POST", "/v1/sites/{site}/rules/check"),
    ("POST", "/v1/sites/{site}/category-suggestions"),
    ("POST", "/v1/sites/{site}/reports/duplicates"),
    ("POST", "/v1/sites/{site}/dispatch-dry-runs"),
    ("POST", "/v1/sites/{site}/work-orders/by-phone"),
}  # asked with a body, and nothing is changed


def routes() -> Iterator[tuple[str, RouteContext]]:
    for route in iter_route_contexts(APP.routes):
        if isinstance(route.original_route, APIRoute):
            for method in sorted(route.methods or ()):
                yield method, route


def required(dependant: Dependant) -> frozenset[Role] | None:
    """The roles that a route asks for, wherever among its dependencies it does."""
    if dependant.call in REQUIREMENTS:
        return REQUIREMENTS[dependant.call]
    found = (required(each) for each in dependant.dependencies)
    return next((roles for roles in found if roles is not None), None)


ROUTES: Final = list(routes())
IDS: Final = [f"{method} {route.path}" for method, route in ROUTES]


def test_there_are_routes() -> None:
    assert len(ROUTES) > 40


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=IDS)
def test_a_route_asks_for_roles_or_is_public_by_decision(method: str, route: RouteContext) -> None:
    roles = required(route.dependant)
    if (method, route.path) in PUBLIC:
        assert roles is None
    else:
        assert roles


def test_every_public_route_exists() -> None:
    assert {(method, route.path) for method, route in ROUTES} >= PUBLIC


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=IDS)
def test_a_write_takes_an_idempotency_key(method: str, route: RouteContext) -> None:
    parameters = APP.openapi()["paths"][route.path][method.lower()].get("parameters", [])
    takes = any(parameter["name"].lower() == "idempotency-key" for parameter in parameters)
    without = PUBLIC - {("POST", "/v1/sites/{site}/anonymous-reports")} | READING
    assert takes == (method in WRITING and (method, route.path) not in without)


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=IDS)
def test_a_body_refuses_what_it_does_not_know(method: str, route: RouteContext) -> None:
    for field in route.dependant.body_params:
        kinds = list(_models(field.field_info.annotation))
        assert kinds
        assert all(kind.model_config.get("extra") == "forbid" for kind in kinds)


SAYS_WHICH: Final = ("POST", "/v1/me/notices/read")  # an empty body would mark nothing, and that unnoticed


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=IDS)
def test_an_action_that_brings_nothing_needs_no_body(method: str, route: RouteContext) -> None:
    schemas = APP.openapi()["components"]["schemas"]
    content = APP.openapi()["paths"][route.path][method.lower()].get("requestBody", {})
    ref = content.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    brings_nothing = ref and not schemas[ref.rpartition("/")[2]].get("required")
    if method == "POST" and (method, route.path) != SAYS_WHICH:
        assert not (brings_nothing and content.get("required"))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=IDS)
def test_every_error_is_documented_as_a_problem(method: str, route: RouteContext) -> None:
    responses = APP.openapi()["paths"][route.path][method.lower()]["responses"]
    errors = {status: response for status, response in responses.items() if status >= "400"}
    assert errors.keys() >= {"404", "422", "503"}
    assert all(response["content"].keys() == {MEDIA_TYPE} for response in errors.values())
