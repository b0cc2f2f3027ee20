"""Who looked at or changed what."""

from __future__ import annotations

from typing import Any

from api.schema import Moment, View


class AuditEntry(View):
    """One act: a look-up of personal values, or an administrative change."""

    id: int
    at: Moment
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


class AuditPage(View):
    """One page, newest first; `next_cursor` is null on the last."""

    items: list[AuditEntry]
    next_cursor: str | None
