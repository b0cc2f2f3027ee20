"""The words that an order's history says: each entry has one as its `action`, and nothing else is written there.

They stand here because whoever holds an order against its history has to listen for the very words that are written.
"""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What can be done to a work order: the rows of its table."""

    ACCEPT = "accept"
    DISPATCH = "dispatch"
    CLAIM = "claim"
    HANDLE = "handle"
    ARRIVE = "arrive"
    TRANSFER = "transfer"
    HOLD = "hold"
    RESUME = "resume"
    SPLIT = "split"
    MERGE = "merge"
    UNMERGE = "unmerge"
    RETURN = "return"
    SIGN_OFF = "sign-off"
    REFUSE_RETURN = "refuse-return"
    ARBITRATE = "arbitrate"
    RECALL = "recall"
    RESOLVE = "resolve"
    ANSWER = "answer"
    RATE = "rate"
    CLOSE = "close"
    REOPEN = "reopen"
    CONFIDE = "confide"
    DISCLOSE = "disclose"
    CANCEL = "cancel"


class Word(StrEnum):
    """What else happens to an order, and leaves its state as it is (but for the first)."""

    OPENED = "opened"
    AMENDED = "amended"  # by a later version of its alert
    PROMISED = "promised"  # the promise was moved, or a round of it begun with that of what it is merged into
    CATEGORISED = "categorised"  # it has another category
    JOINED = "joined"  # another one was merged into it
    LEFT = "left"  # and taken out again
    MOVED_ON = "moved-on"  # it went with the one that it was merged into, into another one
    WENT_BACK = "went-back"  # and came out of that with it
    LISTED = "listed"  # a line of its checklist
    TICKED = "ticked"
    OFFERED = "offered"  # to several, who may take it
    HELPER_ADDED = "helper-added"
    HELPER_LEFT = "helper-left"
    NOTED = "noted"
    PICTURED = "pictured"
    ASK = "ask"  # its reporter is asked
    TOLD = "told"  # and has answered
    LAPSED = "lapsed"  # or has not
    URGE = "urge"
    PAUSE_ASKED = "pause_asked"
    PAUSE_APPROVED = "pause_approved"
    PAUSE_DENIED = "pause_denied"
    PAUSE_ENDED = "pause_ended"
    EXTENSION_ASKED = "extension_asked"
    EXTENSION_APPROVED = "extension_approved"
    EXTENSION_DENIED = "extension_denied"
    REMINDED = "reminded"  # of a limit that comes near
    ESCALATED = "escalated"  # of a limit that is over
