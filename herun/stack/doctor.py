"""`herun doctor`: what is wrong with this box, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from herun.clock import SECOND_US, SystemClock
from herun.settings import Settings
from herun.stack import doctor_box, doctor_broker, doctor_data, doctor_engine, doctor_letters, processes, status
from herun.stack.environment import StackSettings
from herun.stack.findings import Finding, Level
from herun.stack.folder import folder_at, supervisor_pid
from herun.stack.ports import LOOPBACK, NOT_TOLD, holder_of, is_free


async def examine(given: StackSettings, known: Settings) -> list[Finding]:
    """Looks at everything. `given` is what a person has set, `known` adds what the running stack made of it."""
    folder = folder_at(given.data_dir)
    runs = supervisor_pid(folder) is not None
    findings = [
        *doctor_box.check_folder(folder, given),
        *doctor_box.check_disk(folder),
        *doctor_box.check_secrets(folder),
        *doctor_box.check_clock(folder, known),
    ]
    if runs:
        now = datetime.fromtimestamp(SystemClock().now_us() / SECOND_US)  # noqa: DTZ006 - as the broker's log has it
        findings += doctor_broker.check_clients(folder.log_of("nats"), now)
        seen = await status.look(folder, known)
        findings += _check_processes(seen, given.host)
        for part in seen.parts:
            if part.name == doctor_engine.PROCESSOR:
                findings += await doctor_engine.check_engine(part, known.make_clock().speed)
    else:
        findings += doctor_box.check_ports(given)
        findings += _check_leftovers(processes.leftovers(folder))
    # Without a running stack only what a person gave can be asked: a stack.env left behind by a killed one is stale.
    if runs or given.database_url is not None:
        findings += await doctor_data.check_database(known)
    if runs or given.nats_url is not None:
        findings += await doctor_data.check_streams(known)
        findings += await doctor_letters.check_letters(known)
    return findings


def something_is_wrong(findings: Sequence[Finding]) -> bool:
    """True if there is a problem; warnings tell what may become one, or is meant so."""
    return any(finding.level is Level.PROBLEM for finding in findings)


def as_text(findings: Sequence[Finding]) -> str:
    """A line a finding, what is wrong last, where it is seen."""
    order = (Level.OK, Level.WARNING, Level.PROBLEM)
    lines = [
        f"{found.level.value:<8} {found.check:<10} {found.text}"
        for level in order
        for found in findings
        if found.level is level
    ]
    return "\n".join([*lines, "something is wrong" if something_is_wrong(findings) else "nothing is wrong"])


def _check_processes(seen: status.StackStatus, host: str) -> list[Finding]:
    return [
        Finding("processes", Level.OK, f"{part.name} is ready (pid {part.pid})")
        if part.ready
        else Finding("processes", Level.PROBLEM, f"{part.name} is not ready (pid {part.pid}): {_why(part, host)}")
        for part in seen.parts
    ]


def _why(part: status.PartStatus, host: str) -> str:
    """Why a part is not ready; a port that another program has taken while the part was away is named first."""
    taken = [
        f"its port {port} ({name}) is taken by {holder}"
        for name, port in part.ports.items()
        if (holder := _other_holder(part, name, port, host)) is not None
    ]
    return "; ".join([*taken, part.note or "see its log"])


def _other_holder(part: status.PartStatus, name: str, port: int, host: str) -> str | None:
    if is_free(host if name == "mqtt" or part.name == "api" else LOOPBACK, port):
        return None
    holder = holder_of(port)
    family = processes.family_of(part.pid)  # which may listen and not be ready
    is_its_own = any(f"(pid {pid})" in holder for pid in family) or (family and NOT_TOLD in holder)
    return None if is_its_own else holder


def _check_leftovers(left: Sequence[processes.ProcessRecord]) -> list[Finding]:
    if not left:
        return [Finding("processes", Level.OK, "no stack runs here, and none has left processes behind")]
    return [
        Finding(
            "processes",
            Level.PROBLEM,
            f"{record.name} (pid {record.pid}) was left behind by a supervisor that died: `herun down` ends it",
        )
        for record in left
    ]
