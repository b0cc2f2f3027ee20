"""The play: what an estate's devices publish, in order of departure. Pure, and the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import merge

from simulators.behaviour import ordinary_day
from simulators.chance import Outage, clock_skew, disturb, hold_back, outages
from simulators.estate import Estate
from simulators.happenings import Action, Happening, LinkChange, Message
from simulators.inventory import Device
from simulators.scenario import Scenario
from simulators.voices import voice_of

# The devices in a scenario's play, with how far their clocks are ahead, in microseconds.
Cast = Mapping[str, int]


def play(estate: Estate, scenario: Scenario | None, start_us: int, *, goes_on: bool = False) -> Iterator[Action]:
    """What the estate's devices do from `start_us` on, in time order.

    Ends with the scenario, unless an ordinary day `goes_on` after it; without one it never ends. A device in the
    scenario's timeline keeps to it between its first and its last line, never loses its connection by chance, and has
    the clock that the scenario gives it. A scenario without an ordinary day has these devices only.
    """
    script = scenario.script(start_us) if scenario else {}
    silences = scenario.silences(start_us) if scenario else {}
    clocks = scenario.clocks if scenario else {}
    cast = {name: clocks.get(name, 0) for name in (*script, *silences)}
    # Links stand first: a connection is back before what it held back leaves.
    ordinary = scenario is None or scenario.ordinary_day
    devices = [device for device in estate.devices if ordinary or device.name in cast]
    sources: list[Iterator[Action]] = [
        _link_changes(estate, device, start_us) for device in devices if _may_break(estate, device, cast)
    ]
    sources += [
        _device_actions(
            estate,
            device,
            _with_lines(ordinary_day(estate, device, start_us) if ordinary else iter(()), script.get(device.name, ())),
            start_us,
            cast,
        )
        for device in devices
    ]
    actions = merge(*sources, key=lambda action: action.at_us)
    end_us = start_us + scenario.lasts if scenario and not (goes_on and ordinary) else None
    for action in actions:
        if end_us is not None and action.at_us >= end_us:
            return
        if not _is_silent(action, silences):
            yield action


def speaking(estate: Estate, scenario: Scenario) -> frozenset[str]:
    """The devices that need a connection: all, or those of the timeline with their bridges."""
    if scenario.ordinary_day:
        return frozenset(estate.device)
    cast = scenario.cast()
    return cast | {bridge for name in cast if (bridge := estate.device[name].bridge)}


def _is_silent(action: Action, silences: dict[str, tuple[int, int]]) -> bool:
    if isinstance(action, LinkChange) or action.device not in silences:
        return False
    from_us, until_us = silences[action.device]
    return from_us <= action.at_us < until_us


def _may_break(estate: Estate, device: Device, cast: Cast) -> bool:
    """A bridge whose child is in the play holds its connection too."""
    speaks_for = {child.name for child in estate.devices if child.bridge == device.name}
    return device.connects and device.name not in cast and not cast.keys() & speaks_for


def _breaks(estate: Estate, connection: str, start_us: int) -> Iterator[Outage]:
    return outages(estate.rng("outages", connection), start_us)


def _link_changes(estate: Estate, device: Device, start_us: int) -> Iterator[LinkChange]:
    for outage in _breaks(estate, device.name, start_us):
        yield LinkChange(outage.from_us, device.name, up=False)
        yield LinkChange(outage.until_us, device.name, up=True)


def _device_actions(
    estate: Estate, device: Device, happenings: Iterator[Happening], start_us: int, cast: Cast
) -> Iterator[Message]:
    """One device's messages: its day and its lines, in its format, with what goes wrong on the way."""
    connection = estate.device[device.bridge] if device.bridge else device
    skew_us = cast[device.name] if device.name in cast else clock_skew(estate.rng("clock", device.name))
    voice = voice_of(estate.site, device, connection, start_us)
    messages = disturb(((voice(each, skew_us), each) for each in happenings), estate.rng("chance", device.name))
    if _may_break(estate, connection, cast):
        return hold_back(messages, _breaks(estate, connection.name, start_us))
    return messages


def _with_lines(day: Iterator[Happening], script: tuple[Happening, ...]) -> Iterator[Happening]:
    """The device's day, in which its lines take the place of what it would have noticed meanwhile."""
    if not script:
        return day
    first, last = script[0].at_us, script[-1].at_us
    rest = (each for each in day if not first <= each.at_us <= last)
    return merge(rest, script, key=lambda each: each.at_us)
