"""Every error leaves as `application/problem+json` (RFC 9457), whoever raised it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout, TooManyRequests
from starlette.exceptions import HTTPException

from api.schema import View
from herun.refusals import in_words
from herun.rule_files import KINDS, KINDS_EXPECTED, NO_KIND

log = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
MAX_ERRORS: Final = 100  # of one answer: a thousand broken items need not be told one by one
MAX_DETAIL_CHARS: Final = 1000
RETRY_AFTER_S: Final = 1  # when the database is away: it is back within seconds or not at all

# What the database says when it is away or had to choose between two transactions: the same request may be sent again.
TRANSIENT: Final = (
    psycopg.OperationalError,  # connection refused or lost, deadlock, serialisation failure, statement timeout
    PoolTimeout,
    TooManyRequests,
)


class FieldError(View):
    """What is wrong with one part of the request: `loc` is the way to it, `line` where it stands in a body of YAML."""

    loc: list[str | int]
    msg: str
    type: str
    line: int | None = None


class ProblemDetails(View):
    """The body of every error. `type` is `urn:herun:problem:<code>`; the code never changes, the detail may."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None


class Problem(HTTPException):
    """Raised anywhere below an endpoint; becomes the answer, and rolls the transaction back."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code
        self.errors = list(errors[:MAX_ERRORS])


def not_found(what: str) -> Problem:
    """404 for a thing of this site that is not there, or not for this caller's eyes."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", f"there is no such {what}")


def conflict(code: str, detail: str, errors: Sequence[FieldError] = ()) -> Problem:
    """409: the request is well-formed, but not as things stand now."""
    return Problem(HTTPStatus.CONFLICT, code, detail, errors=errors)


def invalid(code: str, detail: str, errors: Sequence[FieldError] = ()) -> Problem:
    """422: the request can never be done, whatever happens."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, code, detail, errors=errors)


def must_be_of(addressed: str, field: str, said: str | None) -> None:
    """Raises Problem 422 for a body that says another name than its address: it was read of another thing."""
    if said not in (None, addressed):
        detail = f"the body is of {field} {said}, the address of {addressed}"
        raise invalid("another_name", detail, [FieldError(loc=["body", field], msg=detail, type="another_name")])


def answer(problem: Problem) -> JSONResponse:
    """The response of a problem; text that is no Unicode is replaced, for it may come from the request itself."""
    status = HTTPStatus(problem.status_code)
    body = ProblemDetails(
        type=f"urn:herun:problem:{problem.code}",
        title=status.phrase,
        status=status.value,
        detail=_text(problem.detail),
        errors=problem.errors or None,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True), status.value, headers=problem.headers, media_type=MEDIA_TYPE
    )


def install(app: FastAPI) -> None:
    """Makes every error of this application a problem."""
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    for kind in TRANSIENT:
        app.add_exception_handler(kind, _on_transient)
    app.add_exception_handler(Exception, _on_anything)


async def _on_http_exception(_request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, Problem):
        return answer(error)
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    status = HTTPStatus(error.status_code)
    return answer(Problem(status, status.phrase.lower().replace(" ", "_"), str(error.detail), headers=error.headers))


async def _on_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    found = _at_one_place(_field_error(item, error.body) for item in error.errors()[:MAX_ERRORS])
    if any(item.type == "json_invalid" for item in found):
        return answer(Problem(HTTPStatus.BAD_REQUEST, "not_json", "the body is not JSON", errors=found))
    first = found[0]
    where = ".".join(map(str, first.loc))
    return answer(invalid("invalid_request", f"{where}: {first.msg}", found))


async def _on_transient(_request: Request, error: Exception) -> JSONResponse:
    log.warning("database_away", error=repr(error))
    return answer(
        Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "try_again",
            "the database is away for now; send it again, with the same Idempotency-Key",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )
    )


async def _on_anything(_request: Request, error: Exception) -> JSONResponse:
    # Starlette raises the error again after this answer, and uvicorn logs it with its trace.
    log.error("request_failed", error=repr(error))
    return answer(Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "this is our fault; it has been logged"))


def _at_one_place(errors: Iterable[FieldError]) -> list[FieldError]:
    """One error a place: where a value may be of several types, each of them has said no."""
    found: dict[tuple[str | int, ...], FieldError] = {}
    for each in errors:
        place = tuple(each.loc)
        before = found.setdefault(place, each)
        if each.msg not in before.msg:
            found[place] = before.model_copy(update={"msg": f"{before.msg}; or {each.msg}"})
    return list(found.values())


def _way(item: Mapping[str, Any], body: Any) -> tuple[str | int, ...]:
    """The way to what is wrong as the request has it, without the names of the types that it was held against."""
    where, *way = item["loc"]
    if where != "body" or not isinstance(body, dict | list):
        return tuple(item["loc"])
    found: list[str | int] = [where]
    value, is_told = body, False
    if isinstance(body, dict) and way and way[0] not in body:  # it may have come as its GET gives it
        inside = [(name, inner) for name, inner in body.items() if isinstance(inner, dict)]
        around = [name for name, inner in inside if way[0] in inner or _is_kind(inner, way[0])]
        found, value = [where, *around[:1]], body[around[0]] if around else body
    for place, part in enumerate(way):
        if not is_told and _is_kind(value, part):
            is_told = True  # a count rule has a field of this name too
        elif (inner := _part(value, part)) is not None:
            found.append(part)
            value, is_told = inner[0], False
        elif item["type"] == "missing" and place == len(way) - 1:
            found.append(part)
    return tuple(found)


def _field_error(item: Mapping[str, Any], body: Any) -> FieldError:
    path = (*_way(item, body), *getattr(item.get("ctx", {}).get("error"), "path", ()))  # herun.rules.PlacedError
    words = in_words(item)
    if item["type"] in NO_KIND:  # of all bodies only rules have kinds
        path, words = (*path, "kind"), KINDS_EXPECTED
    loc = [part if isinstance(part, int) else _text(str(part)) for part in path]
    return FieldError(loc=loc, msg=_text(words), type=str(item["type"]))


def _is_kind(value: Any, part: str | int) -> bool:
    return part in KINDS and isinstance(value, dict) and part == value.get("kind")


def _part(value: Any, part: str | int) -> tuple[Any] | None:
    """What stands there; None if nothing does."""
    if isinstance(value, list):
        return (value[part],) if isinstance(part, int) and part < len(value) else None
    return (value[part],) if isinstance(value, dict) and part in value else None


def _text(text: str) -> str:
    return text[:MAX_DETAIL_CHARS].encode("utf-8", "replace").decode("utf-8")
