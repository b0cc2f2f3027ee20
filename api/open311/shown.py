"""A request as strangers see it: no name, no number to call, no words that hold one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.open311.attributes import in_language
from api.open311.catalogue import Service
from api.open311.statuses import detailed, status
from api.work_orders.states import SENTENCES, State
from herun.redaction import redacted

_DUPLICATE: Final = {"zh": "已并入工单 {}。", "en": "Merged into {}."}
_ONE_OF_SEVERAL: Final = {"zh": "已与同一情况的诉求合并处理。", "en": "Merged with others about the same matter."}
_STATES: Final = frozenset(State)


def service_shown(service: Service, language: str) -> dict[str, Any]:
    """One entry of the list of services."""
    return {
        "service_code": service.code,
        "service_name": in_language(service.name, language),
        "description": in_language(service.description, language),
        "metadata": bool(service.attributes),
        "type": service.kind.value,
        "keywords": ", ".join(service.keywords),
        "group": in_language(service.group, language),
    }


def definition_shown(service: Service, language: str) -> dict[str, Any]:
    """What a service asks for; only lists have values."""
    attributes = []
    for each in service.attributes:
        shown: dict[str, Any] = {
            "variable": each.variable,
            "code": each.code,
            "datatype": each.datatype.value,
            "required": each.required,
            "datatype_description": each.datatype_description and in_language(each.datatype_description, language),
            "order": each.order,
            "description": in_language(each.description, language),
        }
        if each.values:
            shown["values"] = [{"key": one.key, "name": in_language(one.name, language)} for one in each.values]
        attributes.append(shown)
    return {"service_code": service.code, "attributes": attributes}


class Shower:
    """Shows requests and updates of one site, in one language and in the site's time."""

    def __init__(self, *, language: str, time_zone: str, media_address: str | None) -> None:
        self._language = language
        self._zone = ZoneInfo(time_zone)
        self._media_address = media_address  # None: pictures are not shown

    def request(self, row: Mapping[str, Any], services: Mapping[str, Service], *, extended: bool) -> dict[str, Any]:
        """One request with every field of the specification, empty ones too."""
        service = services[row["category"]]
        shown = {
            "service_request_id": row["number"],
            "status": status(row["state"]),
            "status_notes": self._notes(row),
            "service_name": in_language(service.name, self._language),
            "service_code": service.code,
            "description": self._description(row),
            "agency_responsible": row["agency"] and in_language(row["agency"], self._language),
            "service_notice": service.notice and in_language(service.notice, self._language),
            "requested_datetime": self._at(row["opened_at"]),
            "updated_datetime": self._at(row["closed_at"] or row["updated_at"]),
            "expected_datetime": row["promised_at"] and self._at(row["promised_at"]),
            "address": redacted(row["address"] or "") or None,
            "address_id": row["address_id"],
            "zipcode": row["zipcode"],
            "lat": row["lat"],
            "long": row["lon"],
            "media_url": self._media(row),
        }
        if extended:
            shown["extended_attributes"] = {"detailed_status": detailed("merged" if row["master"] else row["state"])}
        return shown

    def update(self, row: Mapping[str, Any], *, extended: bool) -> dict[str, Any]:
        """One thing that happened to a request."""
        return {
            "update_id": row["update_id"],
            "service_request_id": row["number"],
            "status": detailed(row["state"]) if extended else status(row["stands"]),
            "updated_datetime": self._at(row["at"]),
            "description": redacted(row["words"]) if row["words"] else self._sentence(row["state"]),
            "media_url": self._media(row),
            "external_status_code": row["state"],
        }

    def _notes(self, row: Mapping[str, Any]) -> str:
        notes = redacted(row["answer"]) if row["answer"] else self._sentence(row["state"])
        if row["master"] is None:
            return notes
        told = _DUPLICATE[self._language].format(row["told_master"]) if row["told_master"] else None
        merged = told or _ONE_OF_SEVERAL[self._language]
        return merged if row["state"] == State.MERGED else f"{merged} {notes}"

    def _sentence(self, state: str) -> str:
        return SENTENCES[State(state)][self._language] if state in _STATES else state

    def _description(self, row: Mapping[str, Any]) -> str | None:
        # An order that came through Open311 says more than what was sent: where, and what else was asked for.
        text = row["description"] if row["token"] else in_language(row["text"], self._language)
        return redacted(text) if text else None

    def _media(self, row: Mapping[str, Any]) -> str | None:
        if self._media_address is None:
            return None
        picture = row["media_id"]
        return f"{self._media_address}{picture}" if picture else row["media_url"]

    def _at(self, at: datetime) -> datetime:
        return at.astimezone(self._zone)
