"""What can be asked for at a site: `services` is the one place that says where services come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from api.categories import store as categories
from api.open311 import store
from api.open311.catalogue import Service, of_category
from api.open311.schemas import ServiceSettings
from api.transactions import Transaction


async def services(tx: Transaction) -> list[Service]:
    """The services of the site, by code: the categories of its tree, as the site changed them."""
    tree = (await categories.in_force(tx)).tree
    changed = await store.service_settings(tx)
    known = {name: of_category(category, tree) for name, category in tree.categories.items()}
    offered = (with_settings(known[code], changed.get(code)) for code in sorted(known))
    return [service for service in offered if service is not None]


def with_settings(service: Service, settings: ServiceSettings | None) -> Service | None:
    """The service as the site wants it; None if it is not to be offered."""
    if settings is None:
        return service
    if not settings.offered:
        return None
    return replace(
        service,
        name=settings.name or service.name,
        description=settings.description or service.description,
        group=settings.group or service.group,
        keywords=service.keywords if settings.keywords is None else tuple(settings.keywords),
        kind=settings.type or service.kind,
        attributes=tuple(sorted(settings.attributes, key=lambda each: each.order)) or service.attributes,
        notice=settings.notice or service.notice,
        lists_alerts=settings.lists_alerts,
    )


def listed(offered: Iterable[Service]) -> tuple[list[str], list[str]]:
    """The categories whose requests are published, and those of them whose alerts are too."""
    codes = [service for service in offered if service.is_listed]
    return [service.code for service in codes], [service.code for service in codes if service.lists_alerts]
