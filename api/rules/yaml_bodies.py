"""Rules in request bodies as people write them: YAML too, and what is wrong is told with its line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from api.problems import FieldError, invalid
from herun.rule_files import RuleFile, read_rules

YAML: Final = frozenset({"application/yaml", "application/x-yaml", "text/yaml"})
# What the OpenAPI document says of a body that is read here.
YAML_TOO: Final = {"requestBody": {"content": {"application/yaml": {"schema": {"type": "object"}}}}}
RULES: Final = {
    "requestBody": {
        "required": True,
        "description": "one rule, a list of them, or {rules: [...], plate_lists: {name: [plates]}}",
        "content": {
            kind: {"schema": {"anyOf": [{"type": "object"}, {"type": "array"}]}}
            for kind in ("application/json", "application/yaml")
        },
    }
}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class YamlRoute(APIRoute):
    """A route whose body is one rule: YAML becomes JSON before anything else looks at it.

    In JSON too a name that stands twice is refused: of two values only one would be put, without a word.
    """

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handle_either(request: Request) -> Response:
            if _media_type(request) not in YAML:
                _refuse_repeats(await request.body())
                return await handle(request)
            found = await rules_of(request)
            if not found.is_single:
                raise _refused([FieldError(loc=["body"], msg="expected one rule", type="invalid_rule", line=1)])
            return await handle(_as_json(request, json.dumps(found.rules[0].body).encode()))

        return handle_either


async def rules_of(request: Request) -> RuleFile:
    """The rules of a body, YAML or JSON. Raises Problem 422 that tells all that is wrong, with lines."""
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise _refused([FieldError(loc=["body"], msg="expected UTF-8", type="invalid_rule", line=1)]) from error
    found = await asyncio.to_thread(read_rules, text)
    if found.complaints:
        raise _refused(
            [
                FieldError(loc=["body", *each.path], msg=each.what, type="invalid_rule", line=each.line)
                for each in found.complaints
            ]
        )
    return found


RulesBody = Annotated[RuleFile, Depends(rules_of)]


def _refuse_repeats(raw: bytes) -> None:
    """Raises Problem 422 for a name that stands twice; what is no JSON is refused by whoever reads it."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                what = f"{name} stands here twice"
                raise invalid("invalid_rule", what, [FieldError(loc=["body", name], msg=what, type="invalid_rule")])
            found[name] = value
        return found

    with suppress(ValueError, RecursionError):
        json.loads(raw, object_pairs_hook=unique)


def _refused(errors: list[FieldError]) -> Exception:
    first = errors[0]
    where = ".".join(map(str, first.loc))
    return invalid("invalid_rule", f"line {first.line}: {where}: {first.msg}", errors)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _as_json(request: Request, raw: bytes) -> Request:
    kept = [
        (name, value) for name, value in request.scope["headers"] if name not in {b"content-type", b"content-length"}
    ]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    return Request({**request.scope, "headers": [*kept, (b"content-type", b"application/json")]}, receive)
