"""The top class of each category, which is what a bulletin ranks."""

from __future__ import annotations

from typing import Final, NamedTuple

from api.transactions import Transaction


class TopClass(NamedTuple):
    """The class as a bulletin prints it."""

    zh: str
    en: str


LABOUR: Final = TopClass("劳动人社", "labour and social security")
HEALTH: Final = TopClass("医疗卫生", "health")
HOUSING: Final = TopClass("住房城建", "housing and construction")
MARKET: Final = TopClass("市场监管", "market supervision")
TRANSPORT: Final = TopClass("交通运输", "transport")
LIVELIHOOD: Final = TopClass("民生服务", "public services")
JUSTICE: Final = TopClass("司法", "justice")
SECURITY: Final = TopClass("治安管理", "public security")
DISTRICTS: Final = TopClass("区县服务", "district services")
CITY: Final = TopClass("城市管理", "city management")
EDUCATION: Final = TopClass("教育文体", "education, culture and sports")
ENVIRONMENT: Final = TopClass("生态环境", "environment")
# Of a category that nobody has put under a class: part of the rest, never ranked.
OTHER: Final = TopClass("其他", "other")

_CLASSES: Final[dict[str, TopClass]] = {
    "labour": LABOUR, "health": HEALTH, "housing": HOUSING, "market": MARKET, "transport": TRANSPORT,
    "livelihood": LIVELIHOOD, "justice": JUSTICE, "security": SECURITY, "districts": DISTRICTS, "city": CITY,
    "education": EDUCATION, "environment": ENVIRONMENT,
    # the estate's own
    "lift": HOUSING, "paving": HOUSING, "water": LIVELIHOOD, "heating": LIVELIHOOD, "streetlight": LIVELIHOOD,
    "fire": SECURITY, "fire_lane": SECURITY, "intrusion": SECURITY, "parking": TRANSPORT, "railing": CITY,
    "rubbish": CITY, "illegal_stall": CITY, "noise": ENVIRONMENT,
}  # fmt: skip


async def top_classes(tx: Transaction) -> dict[str, TopClass]:  # noqa: ARG001 - a site's own tree will be read here
    """By category; what is not in it is OTHER."""
    return _CLASSES
