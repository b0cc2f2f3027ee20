"""The statutory calendar of a site."""

from __future__ import annotations

from datetime import date

from api.schema import Moment, View


class YearView(View):
    """One year. `known`: not its weekends alone. `changed_by`: who has put its decree, if somebody has."""

    year: int
    known: bool
    holidays: dict[str, list[date]]
    make_up_workdays: list[date]
    changed_by: str | None
    changed_at: Moment | None
