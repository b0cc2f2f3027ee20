"""A query parameter that a route does not have is refused: a misspelt filter would filter nothing, unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.problems import FieldError, invalid

MAX_TOLD: Final = 10  # unknown parameters that an answer names


def refuse_unknown_query(request: Request) -> None:
    """Raises Problem 422."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = frozenset(_names(route.dependant))
    unknown = sorted(request.query_params.keys() - known)
    if unknown:
        errors = [
            FieldError(loc=["query", name], msg="no such parameter", type="extra_forbidden")
            for name in unknown[:MAX_TOLD]
        ]
        raise invalid("unknown_parameter", f"this route knows {sorted(known)}", errors)


def _names(dependant: Dependant) -> Iterator[str]:
    """Names of the query's parameters, those of dependencies and of models too."""
    for param in dependant.query_params:
        model = param.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (field.alias or name for name, field in model.model_fields.items())
        else:
            yield param.alias
    for each in dependant.dependencies:
        yield from _names(each)
