"""A story goes on only as it says; what is kept of one step is known in the next."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest
from pydantic import TypeAdapter

from herun.clock import ManualClock, parse_time
from simulators.api import Person, RefusedError
from simulators.estate import HAMLET, OFFICE, make_estate
from simulators.scenario import Scenario, scenarios
from simulators.steps import Step, people_of
from simulators.story import StoryError, Teller, at_path, from_xml

STEPS: TypeAdapter[tuple[Step, ...]] = TypeAdapter(tuple[Step, ...])
NOON = parse_time("2026-05-09T12:00:00+08:00")
STORIES = [each for each in scenarios().values() if each.story]
ESTATE = make_estate("s", 7, HAMLET)


@dataclass
class FakePerson:
    """Takes what it is sent, unless it says why not; looks show one thing after the other, the last for ever."""

    username: str
    no: int | None = None
    shows: list[Any] = field(default_factory=list)
    sent: list[tuple[str, str, Any]] = field(default_factory=list)

    async def send(self, method: str, path: str, body: object = None) -> Any:
        if self.no is not None:
            raise RefusedError(method, path, self.no, {"detail": "no"})
        self.sent.append((method, path, body))
        return {"number": "WO-1", "state": "accepted", "n": 7}

    async def get(self, path: str) -> Any:
        self.sent.append(("GET", path, None))
        return self.shows.pop(0) if len(self.shows) > 1 else self.shows[0]


def teller(http: httpx.AsyncClient | None = None, **people: FakePerson) -> Teller:
    made = cast("dict[str, Person]", people)
    web = http or httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    return Teller("s", made, web, ("127.0.0.1", 1), ManualClock(NOON), {"site": "s", "rita": "s-rita"})


def tell(story: list[dict[str, Any]], its: Teller) -> None:
    asyncio.run(its.tell(STEPS.validate_python(story)))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.story.PATIENCE_S", 0.05)
    monkeypatch.setattr("simulators.story.LOOK_S", 0.0)


def test_what_a_step_keeps_the_next_one_knows_as_it_was() -> None:
    rita = FakePerson("s-rita")
    make = {"who": "rita", "call": "POST reports", "body": {}, "keeps": {"order": "number", "count": "n"}}
    use = {"who": "rita", "call": "PUT orders/${order}", "body": {"n": "${count}", "by": "${rita}", "at": "${+1h}"}}
    tell([make, use], teller(rita=rita))
    assert rita.sent[1] == (
        "PUT",
        "/v1/sites/s/orders/WO-1",
        {"n": 7, "by": "s-rita", "at": "2026-05-09T05:00:00.000000Z"},
    )


def test_a_refusal_is_what_the_story_says_or_its_end() -> None:
    step = {"who": "rita", "call": "POST x"}
    tell([step | {"refused": 403}], teller(rita=FakePerson("rita", no=403)))
    for no, refused in ((403, None), (404, 403), (None, 403)):
        with pytest.raises(StoryError, match="step 1"):
            tell([step | {"refused": refused}], teller(rita=FakePerson("rita", no=no)))


def test_an_answer_that_lacks_what_it_should_have_ends_the_story() -> None:
    with pytest.raises(StoryError, match="accepted"):
        tell([{"who": "rita", "call": "POST x", "has": {"state": "merged"}}], teller(rita=FakePerson("rita")))


def test_whoever_looks_looks_until_it_is_there_and_not_for_ever() -> None:
    rita = FakePerson("rita", shows=[{"items": []}, {"items": []}, {"items": [{"n": 1}]}])
    tell([{"who": "rita", "get": "/v1/me", "has": {"items": [{"n": 1}]}}], teller(rita=rita))
    assert [path for _, path, _ in rita.sent] == ["/v1/me"] * 3
    with pytest.raises(StoryError, match="items"):
        tell([{"who": "rita", "get": "x", "has": {"items": []}}], teller(rita=rita))


def test_of_those_at_once_so_many_are_taken_and_the_others_refused_as_expected() -> None:
    claims = [{"who": who, "call": "POST claim", "refused": 409} for who in ("a", "b")]
    step: dict[str, Any] = {"at_once": claims, "taken": 1, "quicker": ["taker"]}
    its = teller(a=FakePerson("s-a", no=409), b=FakePerson("s-b"))
    tell([step], its)
    assert its.kept["taker"] == "s-b"
    for a, b in ((None, None), (409, 409), (500, None)):
        with pytest.raises(StoryError):
            tell([step], teller(a=FakePerson("s-a", no=a), b=FakePerson("s-b", no=b)))


def test_a_client_without_an_account_sends_a_form_and_reads_xml() -> None:
    answer = "<service_requests><request><token>t1</token></request></service_requests>"
    asked: list[bytes] = []

    def api(request: httpx.Request) -> httpx.Response:
        asked.append(request.content)
        return httpx.Response(200 if b"key" in request.content else 403, text=answer)

    http = httpx.AsyncClient(transport=httpx.MockTransport(api), base_url="http://x")
    its = teller(http)
    step = {"open311": "POST requests.xml", "form": {"api_key": "key"}, "keeps": {"token": "request.0.token"}}
    tell([step, {"open311": "POST requests.xml", "form": {"of": "${token}"}, "refused": 403}], its)
    assert (its.kept["token"], asked) == ("t1", [b"api_key=key", b"of=t1"])


def test_what_stands_nowhere_in_an_answer_cannot_be_kept() -> None:
    assert at_path({"items": [{"id": 3}]}, "items.0.id") == 3
    for path in ("items.1.id", "items.x", "nothing"):
        with pytest.raises(StoryError, match=path):
            at_path({"items": []}, path)


def test_xml_is_read_as_what_it_says() -> None:
    assert from_xml("<r><request><a>1</a></request><request><a/></request><n>2</n></r>") == {
        "request": [{"a": "1"}, {"a": None}],
        "n": "2",
    }


@pytest.mark.parametrize("scenario", STORIES, ids=lambda each: each.name)
def test_a_story_is_of_people_who_are_there(scenario: Scenario) -> None:
    there = ESTATE.with_people(scenario.people).named
    assert people_of(scenario.story + scenario.afterwards) <= {*scenario.people, *OFFICE, "admin"}
    assert {name: there[name] for name in scenario.people} == {name: ESTATE.named[name] for name in scenario.people}
