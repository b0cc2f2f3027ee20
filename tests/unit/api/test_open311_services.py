"""What a site says of a service, beside what its category has."""

from __future__ import annotations

import pytest

from api.open311.catalogue import Service
from api.open311.schemas import Kind, ServiceSettings
from api.open311.services import with_settings

NOTICE = {"zh": "闻到燃气味请开窗", "en": "Open the windows if you smell gas"}
NAME = {"zh": "燃气", "en": "Gas"}


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_not_set_stays_as_the_category_has_it(kind: Kind) -> None:
    service = Service("gas", NAME, NAME, NAME, keywords=("smell",), kind=kind, notice=NOTICE)
    found = with_settings(service, ServiceSettings(keywords=["gas"]))
    assert found is not None
    assert (found.kind, found.notice, found.keywords, found.name) == (kind, NOTICE, ("gas",), NAME)


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_set_is_so(kind: Kind) -> None:
    service = Service("wages", NAME, NAME, NAME, kind=Kind.BLACKBOX, notice=NOTICE)
    other = {"zh": "请留电话", "en": "Leave a phone"}
    found = with_settings(service, ServiceSettings(type=kind, notice=other))
    assert found is not None
    assert (found.kind, found.notice) == (kind, other)
