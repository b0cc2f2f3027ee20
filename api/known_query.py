"""A query parameter that a route does not have is refused: a misspelt filter would filter nothing, unnoticed.

So is one that comes twice where only one can hold: all but the last would be dropped, as silently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.problems import FieldError, invalid

MAX_TOLD: Final = 10  # wrong parameters that an answer names


def refuse_unknown_query(request: Request) -> None:
    """Raises Problem 422."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    takes_several = dict(_parameters(route.dependant))
    unknown = sorted(request.query_params.keys() - takes_several.keys())
    if unknown:
        errors = _errors(unknown, "no such parameter", "extra_forbidden")
        raise invalid("unknown_parameter", f"this route knows {sorted(takes_several)}", errors)
    given = Counter(name for name, _ in request.query_params.multi_items())
    repeated = sorted(name for name, times in given.items() if times > 1 and not takes_several[name])
    if repeated:
        errors = _errors(repeated, "it is given more than once", "repeated")
        raise invalid("repeated_parameter", f"given more than once: {repeated[:MAX_TOLD]}", errors)


def _errors(names: list[str], says: str, kind: str) -> list[FieldError]:
    return [FieldError(loc=["query", name], msg=says, type=kind) for name in names[:MAX_TOLD]]


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The query's parameters, those of dependencies and of models too, and whether each may be repeated."""
    for param in dependant.query_params:
        model = param.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            fields = model.model_fields.items()
            yield from ((field.alias or name, _is_list(field.annotation)) for name, field in fields)
        else:
            yield param.alias, _is_list(model)
    for each in dependant.dependencies:
        yield from _parameters(each)


def _is_list(annotation: Any) -> bool:
    return any(get_origin(each) is list for each in (annotation, *get_args(annotation)))
