"""A time is written out: a number is none, whether it stands in a body or in an address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from pydantic import TypeAdapter, ValidationError

from api.schema import Moment, MomentInQuery

IN_BODY: Final[TypeAdapter[datetime]] = TypeAdapter(Moment)
IN_QUERY: Final[TypeAdapter[datetime]] = TypeAdapter(MomentInQuery)
AT: Final = datetime(2026, 6, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("where", [IN_BODY, IN_QUERY])
@pytest.mark.parametrize(
    "sent",
    [1780000000, 1780000000.5, True, "1780000000", "2026", "20260601", "-5", "1e9", "2026-06-01", "2026-06-01T10:00:00",
     " 1780000000", "", None],
)  # fmt: skip
def test_what_is_no_time_with_its_offset_is_refused(where: TypeAdapter[datetime], sent: Any) -> None:
    with pytest.raises(ValidationError):
        where.validate_python(sent)


@pytest.mark.parametrize("where", [IN_BODY, IN_QUERY])
@pytest.mark.parametrize(
    "sent", ["2026-06-01T10:00:00+08:00", "2026-06-01t02:00:00z", "2026-06-01 02:00:00Z", "2026-06-01T02:00Z", AT]
)
def test_a_time_that_is_written_out_is_taken(where: TypeAdapter[datetime], sent: Any) -> None:
    assert where.validate_python(sent) == AT


def test_a_plus_that_was_lost_in_an_address_is_put_back() -> None:
    assert IN_QUERY.validate_python("2026-06-01T10:00:00 08:00") == AT
