"""Who hears of which step, and in which words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from string import Formatter

import pytest

from api.clocks.segments import TIMED
from api.clocks.service import PROMISE
from api.notices import rules, texts
from api.notices.rules import Audience, DeadlineKind, Kind, Telling, Urgency
from api.work_orders.kinds import NO_WORKER, Origin
from api.work_orders.order import Order, Rating
from api.work_orders.states import State

AT = datetime(2026, 6, 1, tzinfo=UTC)
ORDER = Order(
    number="WO20260601-000001",
    origin=Origin.REPORT,
    state=State.ACCEPTED,
    category="water",
    severity="info",
    title={"zh": "漏水", "en": "漏水"},
    text={"zh": "我家漏水", "en": "我家漏水"},
    building="b1",
    zone=None,
    opened_seq=1,
    opened_at=AT,
    updated_at=AT,
    reporter="rita",
)


@dataclass(frozen=True)
class Step:
    before: Order | None
    after: Order
    action: str
    by: str = "oscar"
    asked_by: str | None = None
    reason: str | None = None


def heard(step: Step) -> set[tuple[Audience, Kind]]:
    return {(each.audience, each.kind) for each in rules.tellings(step)}


def test_a_dispatched_worker_hears_at_once_if_it_is_critical_and_else_after_quiet_hours() -> None:
    for severity, urgency in [("critical", Urgency.NOW), ("info", Urgency.SOON)]:
        before = replace(ORDER, severity=severity)
        after = replace(before, state=State.DISPATCHED, worker="gwen")
        (own,) = (each for each in rules.tellings(Step(before, after, "dispatch")) if each.audience is Audience.WORKER)
        assert (own.kind, own.urgency) == (Kind.DISPATCHED, urgency)


@pytest.mark.parametrize("action", ["dispatch", "transfer", "anything"])
def test_a_transfer_is_told_to_both_workers_whatever_the_action_is_called(action: str) -> None:
    before = replace(ORDER, state=State.HANDLING, worker="gwen")
    found = heard(Step(before, replace(before, worker="greg"), action))
    assert {(Audience.WORKER, Kind.DISPATCHED), (Audience.FORMER_WORKER, Kind.WITHDRAWN)} <= found


@pytest.mark.parametrize(("severity", "urgency"), [("critical", Urgency.NOW), ("info", Urgency.SOON)])
def test_an_offer_is_told_to_those_who_may_take_it(severity: str, urgency: Urgency) -> None:
    offered = replace(ORDER, severity=severity, pool=("gwen", "gus"))
    assert list(rules.tellings(Step(ORDER, offered, "offered"))) == [Telling(Audience.POOL, Kind.OFFERED, urgency)]
    taken = replace(offered, state=State.DISPATCHED, worker="gus")
    assert Audience.POOL not in {audience for audience, _ in heard(Step(offered, taken, "claim"))}


def test_a_helper_is_told_and_who_is_asked_alone_is_asked() -> None:
    helped = replace(ORDER, worker="gwen", helpers=("gus",))
    assert heard(Step(replace(helped, helpers=()), helped, "helper-added")) == {(Audience.NEW_HELPERS, Kind.HELPING)}
    assert heard(Step(ORDER, ORDER, "ask")) == {(Audience.REPORTER, Kind.ASKED)}


def test_who_has_answered_long_ago_is_not_told_that_the_order_was_taken_from_them() -> None:
    before = replace(ORDER, state=State.ANSWERED, worker="gwen")
    found = heard(Step(before, replace(before, state=State.ACCEPTED, worker=None), "reopen"))
    assert (Audience.FORMER_WORKER, Kind.WITHDRAWN) not in found
    assert (Audience.REPORTERS, Kind.REOPENED) in found


def test_reporters_hear_nothing_of_how_units_pass_an_order_around() -> None:
    for action in ("return", "arbitrate", "transfer", "extend"):
        assert not [each for each in heard(Step(ORDER, ORDER, action)) if each[0] is Audience.REPORTERS]


@pytest.mark.parametrize("action", ["dispatch", "claim"])
def test_reporters_hear_that_somebody_has_it_however_they_came_to_it(action: str) -> None:
    assert (Audience.REPORTERS, Kind.UNDER_WAY) in heard(Step(ORDER, replace(ORDER, worker="gwen"), action))


def test_supervisors_hear_of_what_they_have_to_decide() -> None:
    returned = replace(ORDER, state=State.RETURNED, worker="gwen")
    disputed = replace(ORDER, state=State.ARBITRATION)
    assert (Audience.SUPERVISORS, Kind.ARBITRATION) in heard(Step(returned, disputed, "sign-off"))
    assert (Audience.SUPERVISORS, Kind.ARBITRATION) not in heard(Step(returned, ORDER, "sign-off"))
    assert (Audience.SUPERVISORS, Kind.ARBITRATION) not in heard(Step(disputed, ORDER, "arbitrate"))


@pytest.mark.parametrize(
    ("rating", "told"),
    [(Rating(5, solved=True), False), (Rating(2, solved=True), True), (Rating(5, solved=False), True), (None, False)],
)
def test_supervisors_hear_of_unsolved_and_poor_ratings_only(rating: Rating | None, told: bool) -> None:
    after = replace(ORDER, state=State.RATED, rating=rating)
    assert ((Audience.SUPERVISORS, Kind.DISSATISFIED) in heard(Step(ORDER, after, "rate"))) is told


@pytest.mark.parametrize(("severity", "urgency"), [("critical", Urgency.NOW), ("info", Urgency.SOON)])
def test_a_reopening_is_all_that_supervisors_hear_of_it_and_as_soon_as_the_desk_would(
    severity: str, urgency: Urgency
) -> None:
    again = replace(ORDER, severity=severity)
    found = list(rules.tellings(Step(replace(again, state=State.ANSWERED), again, "reopen")))
    assert Telling(Audience.SUPERVISORS, Kind.REOPENED, urgency) in found
    assert rules.at_desk(again, supervisors_know=True).audience is Audience.OPERATORS


def test_an_urge_is_told_of_the_order_that_somebody_works_on_alone() -> None:
    working = replace(ORDER, state=State.DISPATCHED, worker="gwen")
    told = {(Audience.WORKER, Kind.URGED), (Audience.SUPERVISORS, Kind.URGED)}
    assert heard(Step(working, working, "urge")) == told
    merged = replace(ORDER, state=State.MERGED, merged_into="WO20260601-000002")
    assert heard(Step(merged, merged, "urge")) == set()


@pytest.mark.parametrize(
    ("state", "worker"),
    [(State.ACCEPTED, None), (State.ARBITRATION, None), (State.ON_HOLD, None), (State.RETURNED, "gwen")],
)
def test_an_urge_of_what_nobody_has_or_wants_is_told_to_the_desk_before_the_evening(
    state: State, worker: str | None
) -> None:
    waiting = replace(ORDER, state=state, worker=worker)
    first, *others = rules.tellings(Step(waiting, waiting, "urge"))
    assert first == Telling(Audience.DESK, Kind.URGED, Urgency.SOON)  # first: supervisors who are the desk hear it so
    assert tuple(others) == rules.BY_ACTION["urge"]


@pytest.mark.parametrize(("severity", "urgency"), [("critical", Urgency.NOW), ("info", Urgency.SOON)])
@pytest.mark.parametrize(
    ("action", "state", "kind"),
    [("refuse-return", State.RETURNED, Kind.RETURN_REFUSED), ("resume", State.ON_HOLD, Kind.RESUMED)],
)
def test_a_worker_hears_of_what_is_put_back_into_their_hand(
    action: str, state: State, kind: Kind, severity: str, urgency: Urgency
) -> None:
    before = replace(ORDER, state=state, worker="gwen", severity=severity)
    found = list(rules.tellings(Step(before, replace(before, state=State.DISPATCHED), action)))
    assert found == [Telling(Audience.WORKER, kind, urgency)]


def test_who_is_no_worker_any_more_is_not_told_to_go_on() -> None:
    before = replace(ORDER, state=State.ON_HOLD, worker="gwen", severity="critical")
    resumed = Step(before, replace(before, state=State.DISPATCHED), "resume", reason=NO_WORKER)
    assert list(rules.tellings(resumed)) == []


@pytest.mark.parametrize(
    "kind", ["pause_approved", "pause_denied", "pause_ended", "extension_approved", "extension_denied"]
)
def test_a_decision_is_told_to_who_asked_and_to_who_has_it(kind: str) -> None:
    assert heard(Step(ORDER, ORDER, kind)) == {(Audience.WHO_ASKED, Kind(kind)), (Audience.WORKER, Kind(kind))}


def test_a_step_that_no_rule_names_is_told_to_nobody() -> None:
    assert heard(Step(ORDER, ORDER, "opened")) == set()


def test_a_deadline_of_an_order_without_a_worker_is_the_supervisors() -> None:
    (told,) = rules.about(DeadlineKind.REMINDER, ORDER, Audience.WORKER)
    assert told.audience is Audience.SUPERVISORS
    (told,) = rules.about(DeadlineKind.REMINDER, replace(ORDER, worker="gwen"), Audience.WORKER)
    assert told.audience is Audience.WORKER


def test_a_limit_that_is_over_is_told_to_its_worker_and_the_desk_and_to_whom_the_clock_names() -> None:
    order = replace(ORDER, worker="gwen")
    for named, others in [(Audience.DESK, set()), (Audience.SUPERVISORS, {Audience.SUPERVISORS})]:
        told = rules.about(DeadlineKind.OVERDUE, order, named)
        assert len(told) == len({each.audience for each in told})
        assert {each.audience for each in told} == {Audience.WORKER, Audience.DESK, Audience.UNIT} | others
        assert {each.kind for each in told} == {Kind.OVERDUE}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_kind_has_words_in_both_languages_and_names_the_order_and_nothing_else(kind: Kind, language: str) -> None:
    title, text = texts._TEXTS[kind][language]
    fields = {name for _, name, _, _ in Formatter().parse(title + text) if name}
    own = {
        Kind.OVERFLOW: {"count"},
        Kind.EMAIL_CODE: {"code"},
    }.get(kind)
    assert fields == own if own else "number" in fields <= {"number", "place", "due", "limit"}
    said = texts.words(kind, "WO1", {"due": "06-01 12:00", "count": 3, "code": "1", "category": "water"}, language)
    assert said.title
    assert "{" not in said.text


@pytest.mark.parametrize("kind", [Kind.REMINDER, Kind.OVERDUE, Kind.ESCALATION])
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_of_two_limits_that_end_at_once_the_words_say_which(kind: Kind, language: str) -> None:
    assert texts.LIMITS.keys() == {PROMISE, *TIMED}
    said = {texts.words(kind, "WO1", {"due": "06-01 12:00", "limit": limit}, language).text for limit in texts.LIMITS}
    assert len(said) == len(texts.LIMITS)
    before = texts.words(kind, "WO1", {"due": "06-01 12:00"}, language).text
    assert "06-01 12:00" in before
    assert before not in said


def test_who_hears_that_a_promise_was_not_kept_is_not_told_to_urge_what_they_may_not() -> None:
    said = [texts.words(Kind.PROMISE_BROKEN, "WO1", {"due": "06-01 12:00"}, each).text for each in texts.LANGUAGES]
    assert not [each for each in said if "催" in each or "urge" in each]


def test_a_confidential_order_has_no_place_in_its_words() -> None:
    said = texts.words(Kind.DISPATCHED, "WO1", {}, "zh")
    assert said.text == "工单WO1已派给您。"


def test_a_digest_says_how_many_and_shows_twenty() -> None:
    one = texts.words(Kind.ACCEPTED, "WO1", {}, "en")
    said = texts.digest([one] * 25, "en")
    assert said.title == "25 notices"
    assert said.text.splitlines()[-1] == "... and 5 more"
    assert len(said.text.splitlines()) == texts.MAX_DIGEST_LINES + 1
