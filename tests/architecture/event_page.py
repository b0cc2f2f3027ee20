"""docs/events.md from the catalogue: each event type with its fields, what they can be, and an example."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from herun.catalogue import EventType, Field, FieldType, PersonalClass
from tests.architecture.sources import ROOT

EVENTS_PAGE: Final = ROOT / "docs" / "events.md"

_HEAD: Final = """\
# Events

> **摘要。** 本页由 `herun/catalogue.py` 生成：全部事件类型、字段、类型、是否必填、允许的取值、个人信息分类，各附一例。
> 上半部分由设备上报，下半部分由引擎推导（设备不能上报）。取值不在允许范围内的消息进入死信，不会丢失。

Made from `herun/catalogue.py` by `make docs`; a test compares. `GET /v1/event-types` tells the same to programs.

A native device publishes to `herun/v1/<site>/<device>/event` what the examples show, one object or an array of them:
`id` is the device's own name for what happened (said twice, it counts once), `time` is when it happened, with its zone.
On `herun/v1/<site>/<device>/reading`, `type` may be left out. Vzenith cameras and Zigbee2MQTT speak their own way; the
gateway makes the same events of it.

- A field that is not required may be left out, or null. A text that can be certain words only is taken in any case
  (`OPEN`), blanks around it are dropped, an empty one says nothing. What is none of the words, of another type or
  beyond its limits makes the message a dead letter (`bad_shape`, `bad_number`), which `herun dead-letters` shows and
  replays. Numbers are at most 1e15 either way.
- A personal value leaves the event for a table of its own, with its own retention. Rules see `<field>_hash` in its
  place, a text that is equal where the values are; of a plate also `plate_fold`, equal for plates that look alike (0
  and O, 8 and B).
- A field that stands in no table here is kept, as personal, and no rule sees it.
- In a rule, `where` and conditions (`data.<field>`) ask for these fields; its text can tell those that are not
  personal, as `{data.<field>}`.
"""
_OF_DEVICES: Final = "## What devices say\n"
_DERIVED: Final = """\
## What the engine derives

Rules judge these like any other. No device can say them. Fields that do not apply are left out.
"""
_TYPES: Final = {FieldType.SCALAR: "number, string or boolean"}
_ENVELOPE: Final = {"id": "e-1", "time": "2026-05-11T08:00:00+08:00"}


def events_page(types: Iterable[EventType]) -> str:
    """The page of event types. Raises ValueError for an example with a field that the type does not have."""
    every = list(types)
    of_devices = [_section(each) for each in every if not each.derived]
    derived = [_section(each) for each in every if each.derived]
    return "\n".join([_HEAD, _OF_DEVICES, *of_devices, _DERIVED, *derived])


def message_of(event_type: EventType) -> dict[str, Any]:
    """What a native device publishes to say the example."""
    return {**_ENVELOPE, "type": event_type.name, **({"data": dict(event_type.example)} if event_type.example else {})}


def _section(event_type: EventType) -> str:
    unknown = event_type.example.keys() - event_type.fields.keys()
    missing = {name for name, field in event_type.fields.items() if field.required} - event_type.example.keys()
    if unknown or missing:
        raise ValueError(f"the example of {event_type.name} is wrong about {sorted(unknown | missing)}")
    shown = dict(event_type.example) if event_type.derived else message_of(event_type)
    rows = ["| field | type | | what it says |", "|---|---|---|---|"]
    rows += [_row(name, field) for name, field in event_type.fields.items()]
    table = "\n".join(rows) if event_type.fields else "It has no fields."
    example = f"```json\n{json.dumps(shown, ensure_ascii=False)}\n```"
    return f"### {event_type.name}\n\n{event_type.sentence}\n\n{table}\n\n{example}\n"


def _row(name: str, field: Field) -> str:
    notes = [
        "required" if field.required else "",
        f"personal ({field.personal.value})" if field.personal is not PersonalClass.NONE else "",
        "whole" if field.whole else "",
        f"at least {field.least:g}" if field.least is not None else "",
        f"at most {field.max_chars} characters" if _is_bounded(name, field) else "",
    ]
    words = f"one of {', '.join(f'`{each}`' for each in field.words)}" if field.words else ""
    about = "; ".join(each for each in (field.about, words) if each)
    kind = _TYPES.get(field.type, field.type.value)
    return f"| `{name}` | {kind} | {', '.join(each for each in notes if each)} | {about} |"


def _is_bounded(name: str, field: Field) -> bool:
    """A picture is as long as a message may be: only its path is kept in the event."""
    return field.type is FieldType.STRING and not field.words and name != "picture"
