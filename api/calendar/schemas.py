"""The statutory calendar of a site."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic.json_schema import SkipJsonSchema

from api.schema import Moment, View, as_shown
from herun.calendar import Decree


class YearView(View):
    """One year's decree. `known`: there is one; without it there are its weekends and the days that the law fixes.

    `changed_by`: who has put it, if somebody has.
    """

    year: int
    known: bool
    holidays: dict[str, list[date]]
    make_up_workdays: list[date]
    changed_by: str | None
    changed_at: Moment | None


def _nothing_known(sent: Any) -> Any:
    is_nothing = (
        isinstance(sent, dict)
        and sent.keys() <= YearView.model_fields.keys()
        and sent.get("known") is False
        and not (sent.get("holidays") or sent.get("make_up_workdays"))
    )
    return None if is_nothing else sent


# None is what GET gives of a year of which nothing is known.
DecreeAsShown = Annotated[
    Decree | SkipJsonSchema[None], as_shown("known", "changed_by", "changed_at"), BeforeValidator(_nothing_known)
]
