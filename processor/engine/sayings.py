"""What an alert's text can tell besides the occurrence itself: names of places, and the event that raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from processor.engine.state import SiteNames
from processor.engine.texts import ask_for_data, data_texts

if TYPE_CHECKING:
    from processor.engine.alerting import Evaluation, Occurrence, RuleHead

_NO_NAMES: Final = SiteNames()
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


def words_of(ev: Evaluation, head: RuleHead, told: Occurrence) -> dict[str, str]:
    """Zone and building by their names in the layout of now, and the fields of the event at hand, if it is the cause.

    Without a zone of the device's own it is the one that the event names (of arming, the device is the zone).
    """
    place = told.place or ev.registration(head.site, told.device)
    data, found = dict[str, Any](), dict[str, str]()
    seen = ev.seen
    is_cause = seen is not None and told.cause.get("event_id") == seen.event_id and told.device == seen.device
    if seen is not None and is_cause and ask_for_data((*head.title.values(), *head.text.values())):
        data = _data_of(seen.data)
        found = data_texts(seen.event_type, data)
    named = data.get("zone")
    zone, building = place.zone or (named if isinstance(named, str) else ""), place.building or ""
    return found | {"zone": name_of_zone(ev, head.site, zone), "building": name_of_building(ev, head.site, building)}


def name_of_zone(ev: Evaluation, site: str, zone: str) -> str:
    """Its name, or its id where the engine knows none."""
    return ev.state.names.get(site, _NO_NAMES).zones.get(zone, zone)


def name_of_building(ev: Evaluation, site: str, building: str) -> str:
    """Its name, or its id where the engine knows none."""
    return ev.state.names.get(site, _NO_NAMES).buildings.get(building, building)


def name_of_place(ev: Evaluation, site: str, place: str) -> str:
    """The name of a building or, failing that, of a zone."""
    return name_of_zone(ev, site, name_of_building(ev, site, place))


def _data_of(text: str) -> dict[str, Any]:
    try:
        return _decode(text)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return {}  # what cannot be read: the engine has counted it
