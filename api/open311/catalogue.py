"""What a service is, and those that every estate has. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from api.open311.attributes import Attribute
from api.open311.schemas import Kind

Bilingual = dict[str, str]


class Group(StrEnum):
    """What services are grouped by."""

    SAFETY = "safety"
    REPAIRS = "repairs"
    CLEANING = "cleaning"
    ORDER = "order"
    OTHER = "other"


GROUPS: Final[dict[Group, Bilingual]] = {
    Group.SAFETY: {"zh": "安全", "en": "Safety"},
    Group.REPAIRS: {"zh": "设施维修", "en": "Repairs"},
    Group.CLEANING: {"zh": "环境卫生", "en": "Cleaning"},
    Group.ORDER: {"zh": "秩序", "en": "Order"},
    Group.OTHER: {"zh": "其他", "en": "Other"},
}


@dataclass(frozen=True, slots=True)
class Service:
    """One service; its code is the category of the orders that come of it."""

    code: str
    name: Bilingual
    description: Bilingual
    group: Bilingual
    keywords: tuple[str, ...] = ()
    kind: Kind = Kind.REALTIME
    attributes: tuple[Attribute, ...] = ()
    notice: Bilingual | None = None
    lists_alerts: bool = False  # whether orders of alerts in this category are published too

    @property
    def is_listed(self) -> bool:
        """Whether its requests are published: those of a blackbox cannot be followed by anybody."""
        return self.kind is not Kind.BLACKBOX


def named(code: str, zh: str, en: str, group: Group, *keywords: str) -> Service:
    """A service that is described by its name."""
    return Service(code, {"zh": zh, "en": en}, {"zh": zh, "en": en}, GROUPS[group], keywords)


# What every estate has.
COMMON: Final = (
    named("fire_lane", "消防通道堵塞", "Blocked fire lane", Group.SAFETY, "消防", "占道", "杂物"),
    named("fire", "火情与烟雾", "Fire and smoke", Group.SAFETY, "火", "烟"),
    named("lift", "电梯故障", "Broken lift", Group.REPAIRS, "电梯", "困人"),
    named("water", "积水与漏水", "Flooding and leaks", Group.REPAIRS, "漏水", "积水", "水管"),
    named("streetlight", "路灯故障", "Street light", Group.REPAIRS, "路灯", "照明"),
    named("railing", "护栏损坏", "Broken railing", Group.REPAIRS, "栏杆", "护栏"),
    named("paving", "路面破损", "Loose paving", Group.REPAIRS, "地砖", "路面"),
    named("rubbish", "垃圾清运", "Rubbish", Group.CLEANING, "垃圾", "焚烧"),
    named("noise", "噪音扰民", "Noise", Group.ORDER, "噪音"),
    named("stall", "占道经营", "Illegal stall", Group.ORDER, "摊", "占道"),
    named("parking", "违规停车", "Parking", Group.ORDER, "停车", "车位"),
)
