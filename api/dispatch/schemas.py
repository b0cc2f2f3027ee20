"""Dispatch: rules, rosters, offers, helpers, positions, proposals, and why somebody was chosen."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StrictInt, model_validator

from api.categories.tree import HandledBy
from api.clocks.limits import Severity
from api.dispatch.choice import Stage, Why
from api.dispatch.rules import Mode, Rule, Rules
from api.dispatch.shifts import Exceptions, Otherwise
from api.schema import (
    Attributes,
    Bilingual,
    Body,
    Latitude,
    Longitude,
    Moment,
    Name,
    OwnName,
    Text,
    Title,
    View,
    lat_with_lon,
    without_repeats,
)
from api.work_orders.kinds import Channel
from api.work_orders.schemas import WorkOrder
from herun.calendar import FIRST_YEAR, LAST_YEAR
from herun.schedule import WeeklyPlan

MAX_NEIGHBOURS: Final = 20  # of one grid
MAX_GRIDS: Final = 500  # with neighbours, of one site

Weight = Annotated[StrictInt, Field(ge=0, le=100)]
ChainStage = Literal[Stage.NEIGHBOUR_GRID, Stage.PROPERTY_STAFF, Stage.ON_CALL]
# Both find nobody before somebody has put neighbours and people on call.
_CHAIN: Final[tuple[ChainStage, ...]] = (Stage.NEIGHBOUR_GRID, Stage.ON_CALL)


class NewBook(Body):
    """PUT .../dispatch-rules: all rules in their order. With `based_on`, refused if that is not the newest version."""

    rules: Rules
    why: Title | None = None
    based_on: Annotated[StrictInt, Field(ge=0, lt=2**31)] | None = None


class RollBack(Body):
    """POST .../dispatch-rules/rollback: these rules again, as a new version; version 0 had none."""

    version: Annotated[StrictInt, Field(ge=0, lt=2**31)]
    why: Title | None = None


class Book(View):
    """All rules of one version; version 0 has none: the default rule holds."""

    version: int
    rules: list[Rule]
    changed_by: str | None
    changed_at: Moment | None
    why: str | None


class BookEntry(View):
    """One version: how many rules, who, when, why."""

    version: int
    rules: int
    changed_by: str
    changed_at: Moment
    why: str | None


class BookHistory(View):
    """One page of versions, newest first."""

    items: list[BookEntry]
    next_cursor: str | None


class Weights(Body):
    """What an order in hand counts, dispatched or being handled."""

    dispatched: Weight = 1
    handling: Weight = 1


class Settings(Body):
    """PUT .../dispatch-settings.

    `chain`: where somebody is looked for, in this order, if nobody fits by the rule; the desk is always last.
    `neighbours`: by grid, the grids beside it.
    """

    chain: Annotated[list[ChainStage], Field(max_length=3), AfterValidator(without_repeats)] = Field(
        default_factory=lambda: list(_CHAIN)
    )
    neighbours: Annotated[
        dict[Name, Annotated[list[Name], Field(max_length=MAX_NEIGHBOURS)]], Field(max_length=MAX_GRIDS)
    ] = Field(default_factory=dict)
    weights: Weights = Weights()


class SettingsView(View):
    """The settings, and who put them; null: nobody."""

    settings: Settings
    changed_by: str | None
    changed_at: Moment | None


class NewRoster(Body):
    """PUT .../rosters/{worker}: whose people they are, and when they work.

    `shifts` null: no shifts; then they are on shift only if nobody at the site has any. Leave out of `exceptions` what
    is over. `on_call` is beside the shifts: when they may be called if nobody fits; of `exceptions` leave counts alone.
    """

    worker: OwnName = None
    unit: Name | None = None
    shifts: WeeklyPlan | None = None
    on_call: WeeklyPlan | None = None
    exceptions: Exceptions = Field(default_factory=list)


class Roster(View):
    """One worker's roster. `on_shift` and `on_call_now` are of this moment."""

    worker: str
    unit: str | None
    shifts: WeeklyPlan | None
    on_call: WeeklyPlan | None
    exceptions: list[Otherwise]
    on_shift: bool
    on_call_now: bool
    changed_by: str
    changed_at: Moment


class Rosters(View):
    """One page, by worker."""

    items: list[Roster]
    next_cursor: str | None


class Removed(View):
    """Whose roster was taken away."""

    worker: str


class PooledOrder(View):
    """An order that you may take; until when, before it is assigned."""

    order: WorkOrder
    claim_until: Moment


class Pool(View):
    """What you may take, the soonest to be assigned first; at most 200."""

    items: list[PooledOrder]


class PassedOver(View):
    """Somebody who was passed over. Numbers are null where they were not what decided."""

    worker: str
    why: Why
    words: Bilingual
    load: int | None = None
    distance_m: int | None = None


class LookedAt(View):
    """One stage: how many fitted, and the others, who came closest first; `more` are not listed."""

    stage: Stage
    words: Bilingual
    fitting: int
    passed_over: list[PassedOver]
    more: int


class Explanation(View):
    """Who an order goes to and why, as things stood `at`. `book_version` 0: the site has no rules of its own.

    `failed`: rules that could not be evaluated and so did not match, by name, and why. `handled_by`: who handles the
    order's category; null for what was explained before that counted. `untaken_by`: to so many it was offered before,
    and nobody took it in time.
    """

    at: Moment
    handled_by: HandledBy | None = None
    untaken_by: int = 0
    rule: str
    book_version: int
    mode: Mode
    stage: Stage
    worker: str | None
    pool: list[str]
    words: Bilingual
    load: int | None
    distance_m: int | None
    failed: dict[str, str]
    looked: list[LookedAt]


class TakenAs(View):
    """Where and how severe an order was taken to be: what was asked, and what followed from it."""

    building: str | None
    grid: str | None
    unit: str | None
    severity: str


class DryRunExplanation(Explanation):
    """Who such an order would go to, and as what it was taken."""

    taken_as: TakenAs


class DispatchExplanation(View):
    """Why an order went to whom.

    `action`, `by` and `dispatched_at`: how it last came to a worker or was offered. `choice` is what the rules last
    said; `is_by_choice` is false where a person decided otherwise since.
    """

    number: str
    worker: str | None
    action: str | None
    by: str | None
    dispatched_at: Moment | None
    is_by_choice: bool
    choice: Explanation | None


def _of_the_calendar(at: datetime) -> datetime:
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(f"shifts and rules are known of the years {FIRST_YEAR} to {LAST_YEAR}")
    return at


class DryRun(Body):
    """POST .../dispatch-dry-runs: an order as it might be; `at` is for shifts and rules, all else as now.

    `at` is of a year from 2000 to 2100. `severity`, left out, is a report's: what its category and the answers to its
    questions (`attributes`) say.
    """

    category: Name
    severity: Severity | None = None
    building: Name | None = None
    zone: Name | None = None
    grid: Name | None = None
    unit: Name | None = None
    channel: Channel = Channel.ACCOUNT
    text: Annotated[str, Field(max_length=2000)] = ""
    lat: Latitude | None = None
    lon: Longitude | None = None
    address: Title | None = None
    attributes: Attributes | None = None
    at: Annotated[Moment, AfterValidator(_of_the_calendar)] | None = None

    _has_both = model_validator(mode="after")(lat_with_lon)


class NewHelper(Body):
    """POST .../helpers: this colleague; left out, the one who fits best."""

    worker: Name | None = None
    reason: Text


class NewNote(Body):
    """POST .../notes: what those who work on the order should know; its reporter does not read it."""

    text: Text


class NewPosition(Body):
    """PUT /v1/me/position: where you are, WGS-84."""

    lat: Latitude
    lon: Longitude


class PositionKept(View):
    """Until when a position is kept; the answer does not repeat it."""

    kept_until: Moment


class Position(View):
    """Where you last said that you are; null if nothing is kept."""

    lat: float | None
    lon: float | None
    kept_until: Moment | None


class PositionForgotten(View):
    """Nothing is kept any more."""

    forgotten: bool


class ProposalState(StrEnum):
    """What became of a proposal."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    SUPERSEDED = "superseded"  # all orders that it comes from were decided otherwise since


class Proposal(View):
    """A rule that would have decided as an arbiter did, and the orders that it comes from."""

    id: int
    category: str
    building: str | None
    grid: str | None
    worker: str
    unit: str | None
    numbers: list[str]
    reason: str | None
    state: ProposalState
    made_at: Moment
    decided_by: str | None
    decided_at: Moment | None


class Proposals(View):
    """One page, newest first."""

    items: list[Proposal]
    next_cursor: str | None


class AcceptProposal(Body):
    """POST .../accept: for the order's building, its grid or the whole site; to the worker or to their unit."""

    scope: Literal["building", "grid", "site"] = "building"
    to: Literal["worker", "unit"] = "worker"
    why: Title | None = None


class DeclineProposal(Body):
    """POST .../decline."""

    why: Title | None = None
