"""What people do in a story, one after the other: each step begins when the one before it is done. Data only.

`who` is a short name of the estate's (`operator`, `supervisor`, `worker-g1`, `crew-pumps`, `resident-0` ...). Paths
stand below the site; one that begins with a slash stands for itself. `${name}` is what an earlier step kept, or the
username behind a short name; `${+20m}` is twenty minutes after the step.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Annotated[int, Field(ge=400, le=499)]
# What is kept of an answer: a name for what stands at a path of fields and places, `items.0.id`; "" is all of it.
Keeps = dict[str, str]


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Does(_Step):
    """Somebody changes something; the answer holds at least `has`, or the system says no with `refused`."""

    who: str
    call: Annotated[str, Field(pattern=r"^(PUT|POST|PATCH|DELETE) \S.*$")]
    body: dict[str, Any] | None = None
    has: Any = None
    keeps: Keeps = {}
    refused: Status | None = None


class Sees(_Step):
    """Somebody looks until the answer holds at least `has`, or is refused."""

    who: str
    get: Annotated[str, Field(pattern=r"^\S.*$")]
    has: Any = None
    keeps: Keeps = {}
    refused: Status | None = None


class Photographs(_Step):
    """Somebody sends in a picture of an order: what it looks like now."""

    who: str
    photographs: str
    kind: Literal["before", "after", "evidence"] = "after"


class AtOnce(_Step):
    """All of these at the same time: so many are taken, each of the others is refused as it says.

    The short names of those who were quicker are kept under the names in `quicker`, and the others under `slower`.
    """

    at_once: Annotated[tuple[Does, ...], Field(min_length=2)]
    taken: Annotated[int, Field(ge=0)]
    quicker: tuple[str, ...] = ()
    slower: tuple[str, ...] = ()


class Open311(_Step):
    """A client without an account asks, or sends a form. What is XML is read as `simulators.story.from_xml` does."""

    open311: Annotated[str, Field(pattern=r"^(GET|POST) \S.*$")]
    form: dict[str, str] | None = None
    has: Any = None
    keeps: Keeps = {}
    refused: Status | None = None


class Listens(_Step):
    """Somebody's app connects over MQTT and subscribes to their notices; or to another's, which the broker refuses."""

    listens: str
    refused_to: str | None = None


class Hears(_Step):
    """Notices that came over MQTT since they listen: one like each of `has`; [] is none at all."""

    hears: str
    has: list[dict[str, Any]]


class Verifies(_Step):
    """Somebody fetches an evidence pack: `herun audit verify-pack` says that it is as it was signed.

    What `has` says stands in its order, and of `hides` there is nothing anywhere in it.
    """

    who: str
    verifies: Annotated[str, Field(pattern=r"^\S.*$")]
    has: Any = None
    hides: tuple[str, ...] = ()


Step = Does | Sees | Photographs | AtOnce | Open311 | Listens | Hears | Verifies


def people_of(steps: tuple[Step, ...]) -> set[str]:
    """The short names of all who do something."""
    found: set[str] = set()
    for step in steps:
        match step:
            case Does() | Sees() | Photographs() | Verifies():
                found.add(step.who)
            case AtOnce():
                found.update(each.who for each in step.at_once)
            case Listens():
                found.add(step.listens)
            case Hears():
                found.add(step.hears)
            case Open311():
                pass
    return found
