"""Kinds of control: all that the engine reads besides events, in order with them in its own partition.

| kind | body |
|---|---|
| device.put | a herun.registry.DeviceEntry as JSON, without secret_sha256 |
| device.removed | {"device": name} |
| rule.put | a herun.rules rule as JSON, with `version` |
| rule.removed | {"uid": uid} |
| list.put | {"name": name, "hashes": [...], "folds": [...], "nears": [...]} of plates replaces the list (below) |
| passages.put | a herun.passages.PassageSettings |
| visitor.put, visitor.removed | a herun.passages.PermitPut; {"visitor": id, "plate_fold": hash} |
| care.put, care.removed | a herun.passages.CarePut; {"resident": id} |
| alert.closed | {"alert_id", "verdict": true/false/drill/nuisance/test, "at": time, "rule_uid", "device", "key"} |
| site.put | {"time_zone": name} |
| layout.put | {"zones": {id: name}, "buildings": {id: name}} of the whole layout |
| calendar.put | a herun.calendar.Decree as JSON |
| arming.plan.put | a herun.arming.PlanPut as JSON |
| arming.plan.removed | a herun.arming.PlanRemoved as JSON |
| arming.mode.set | a herun.arming.ModeSet as JSON |
| arming.bypass | a herun.arming.BypassSet as JSON |
| service.window.put | a herun.arming.ServiceWindowPut as JSON |
| service.window.removed | a herun.arming.ServiceWindowRemoved as JSON |

A list's `nears` has one text a plate, all its near hashes in a row. Lists of older versions have neither `folds` nor
`nears`: they match exactly only.
"""

from __future__ import annotations

from enum import StrEnum


class ControlKind(StrEnum):
    """What a control changes; the table above gives each one's body."""

    DEVICE_PUT = "device.put"
    DEVICE_REMOVED = "device.removed"
    RULE_PUT = "rule.put"
    RULE_REMOVED = "rule.removed"
    LIST_PUT = "list.put"
    PASSAGES_PUT = "passages.put"
    VISITOR_PUT = "visitor.put"
    VISITOR_REMOVED = "visitor.removed"
    CARE_PUT = "care.put"
    CARE_REMOVED = "care.removed"
    ALERT_CLOSED = "alert.closed"
    SITE_PUT = "site.put"
    LAYOUT_PUT = "layout.put"
    CALENDAR_PUT = "calendar.put"
    ARMING_PLAN_PUT = "arming.plan.put"
    ARMING_PLAN_REMOVED = "arming.plan.removed"
    ARMING_MODE_SET = "arming.mode.set"
    ARMING_BYPASS = "arming.bypass"
    SERVICE_WINDOW_PUT = "service.window.put"
    SERVICE_WINDOW_REMOVED = "service.window.removed"
