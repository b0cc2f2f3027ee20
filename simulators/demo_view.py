"""How the demo looks: a live picture on a terminal, plain lines anywhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rich.console import Console, Group
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from herun.clock import Clock
from simulators.board import WHOLE_WAY, Board
from simulators.rhythm import local_text

LOG_LINES: Final = 60  # drawn, newest first; the terminal cuts off what does not fit
ALERT_LINES: Final = 9
SEVERITY_STYLE: Final = {"critical": "bold red", "warning": "yellow", "info": "cyan"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What does not change while the demo runs."""

    site: str
    api_url: str
    mqtt: str
    sign_ins: tuple[tuple[str, str], ...]
    connections: Callable[[], int]


def picture(board: Board, facts: Facts, clock: Clock, now_s: float) -> Layout:
    """The whole screen."""
    layout = Layout()
    layout.split_column(
        Layout(_head(facts, clock), size=5),
        Layout(name="middle"),
        Layout(_chain(board), size=_chain_height(board)),
    )
    layout["middle"].split_row(Layout(name="left"), Layout(_log(board)))
    layout["left"].split_column(
        Layout(_numbers(board, facts, now_s), size=9), Layout(_alerts(board)), Layout(_orders(board), size=4)
    )
    return layout


def numbers_line(board: Board, facts: Facts, clock: Clock, now_s: float) -> str:
    """The numbers in one plain line."""
    states = ", ".join(f"{state} {n}" for state, n in sorted(board.orders_by_state().items())) or "none"
    delays = f"delay p50 {_ms(board.delay_ms(0.5))} p99 {_ms(board.delay_ms(0.99))}"
    return (
        f"{local_text(clock.now_us())} devices {facts.connections()}, sent {board.sent.per_second(now_s):.0f}/s, "
        f"shown {board.shown.per_second(now_s):.0f}/s, {delays}, "
        f"alerts {len(board.alerts)}, orders: {states}"
    )


def summary(board: Board, console: Console) -> None:
    """What was seen, link by link."""
    for link in board.links():
        console.print(f"  {'seen   ' if link.seen else 'MISSING'}  {link.name}", highlight=False, markup=False)
    console.print(
        f"{board.sent.total} messages published, {board.shown.total} lines on the live feed, "
        f"{len(board.alerts)} alerts, {len(board.orders)} work orders, {sum(board.deeds.values())} deeds of people; "
        f"from publish to live feed p50 {_ms(board.delay_ms(0.5))}, p99 {_ms(board.delay_ms(0.99))}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _ms(delay_ms: float | None) -> str:
    return "-" if delay_ms is None else f"{delay_ms:.0f} ms"


def _head(facts: Facts, clock: Clock) -> Panel:
    text = Text.assemble(
        ("和润家园 Herun  ", "bold"),
        (local_text(clock.now_us()), "bold green"),
        f" (x{clock.speed:g})   API {facts.api_url}   MQTT {facts.mqtt}   site {facts.site}\n",
        "sign in as  " + "  ".join(f"{username} {password}" for username, password in facts.sign_ins),
    )
    return Panel(text)


def _numbers(board: Board, facts: Facts, now_s: float) -> Panel:
    table = Table.grid(padding=(0, 2))
    table.add_row("devices connected", f"{facts.connections()}")
    table.add_row("messages published", f"{board.sent.per_second(now_s):.0f}/s", f"{board.sent.total} in all")
    table.add_row("shown on the live feed", f"{board.shown.per_second(now_s):.0f}/s", f"{board.shown.total} in all")
    table.add_row("publish to live feed", f"p50 {_ms(board.delay_ms(0.5))}", f"p99 {_ms(board.delay_ms(0.99))}")
    table.add_row("cars at the gates", f"{board.about['vehicle.passed']}", f"people {board.about['person.captured']}")
    table.add_row("readings", f"{board.about['reading.reported']}", f"states {board.about['state.reported']}")
    return Panel(table, title="the way of the data")


def _alerts(board: Board) -> Panel:
    table = Table.grid(padding=(0, 1))
    for alert in list(board.alerts.values())[-ALERT_LINES:]:
        raised = alert["state"] == "raised"
        style = SEVERITY_STYLE.get(alert["severity"], "") if raised else "dim"
        where = alert["device"] or alert["zone"] or ""
        table.add_row(Text(alert["state"], style), Text(f"{alert['title']['zh']} {alert['title']['en']}", style), where)
    return Panel(table, title=f"alerts ({len(board.alerts)})")


def _orders(board: Board) -> Panel:
    states = board.orders_by_state()
    shown = dict.fromkeys((*WHOLE_WAY, *states))
    return Panel(
        Text("  ".join(f"{state} {states[state]}" for state in shown)), title=f"work orders ({len(board.orders)})"
    )


def _log(board: Board) -> Panel:
    return Panel(
        Group(*(Text(line, no_wrap=True) for line in list(board.lines)[: -LOG_LINES - 1 : -1])), title="what happens"
    )


def _chain_height(board: Board) -> int:
    return 3 + (len(board.links()) - 1) // 3


def _chain(board: Board) -> Panel:
    table = Table.grid(padding=(0, 2))
    marks = [
        Text(f"{'●' if link.seen else '○'} {link.name}", "green" if link.seen else "dim") for link in board.links()
    ]
    for at in range(0, len(marks), 3):
        table.add_row(*marks[at : at + 3])
    return Panel(table, title="the chain")
