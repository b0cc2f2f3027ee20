"""Who may be who."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a person may be; one person may be several."""

    ADMIN = "admin"  # sites, people, devices, rules
    OPERATOR = "operator"  # 值班员: watches alerts, accepts and dispatches orders
    SUPERVISOR = "supervisor"  # 督办: all that an operator may, and looks after the operators' work
    AUDITOR = "auditor"  # 审计: reads, above all who looked at what
    GRID_WORKER = "grid_worker"  # 网格员: handles the orders of a grid
    PROPERTY_STAFF = "property_staff"  # 物管: reports, and handles what is dispatched by hand
    RESIDENT = "resident"  # 居民: reports and rates


DESK: Final = (Role.OPERATOR, Role.SUPERVISOR)  # sit at the console
WORKERS: Final = (Role.GRID_WORKER, Role.PROPERTY_STAFF)  # orders can be dispatched to them
READERS: Final = (Role.ADMIN, Role.AUDITOR, *DESK)  # see all of a site, personal values masked
EVERYBODY: Final = tuple(Role)
