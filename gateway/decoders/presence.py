"""Whether a device is on line, in the words that devices use for it: plain text or `{"state": ...}`."""

from __future__ import annotations

from typing import Final

import msgspec

from gateway import broken_json
from gateway.decoders.contract import Outcome, StateChange, content_hash, state_key
from gateway.normalise import Normaliser, Said
from gateway.refusal import refused
from herun.dead_letters import DeadLetterReason
from herun.events import FLAG_CONTENT_ID, FLAG_REDELIVERED
from herun.mqtt.packets import Publish
from herun.registry import DeviceEntry

_WORDS: Final = {"online": "online", "connected": "online", "offline": "offline", "disconnected": "offline"}
_TYPES: Final = {"online": "device.connected", "offline": "device.disconnected"}


class _State(msgspec.Struct):
    state: str


_decode: Final = msgspec.json.Decoder(_State).decode


def presence(entry: DeviceEntry, normaliser: Normaliser, message: Publish, received_us: int) -> Outcome:
    """The outcome of a message about being on line; a retained one is the state and no event. Raises InvalidInputError.

    An empty payload clears what the broker retained, and says nothing.
    """
    if not message.payload:
        return Outcome()
    state = _word(message.payload)
    outcome = Outcome(partition=entry.partition, state=StateChange(state_key(entry), state, received_us))
    if message.retain:
        return outcome
    said = Said(
        event_type=_TYPES[state],
        event_id=f"{content_hash(message)}@{received_us}",
        event_time=received_us,
        data={},
        flags=FLAG_CONTENT_ID | (FLAG_REDELIVERED if message.dup else 0),
    )
    outcome.events = [normaliser.event(entry, said, received_us, [])]
    return outcome


def _word(payload: bytes) -> str:
    try:
        text = _decode(payload).state if payload.lstrip().startswith(b"{") else payload.decode()
    except broken_json.ERRORS as error:
        raise broken_json.explain(payload, error) from error
    word = _WORDS.get(text.strip().lower())
    if word is None:
        raise refused(DeadLetterReason.BAD_SHAPE, "a state is online or offline")
    return word
