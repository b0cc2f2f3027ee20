"""One rule or part that throws must not stop the others: what is its own fault, and what is told of it."""

from __future__ import annotations

from typing import Final

from herun.rules import SWITCHED_OFF_UID
from processor.engine.alerting import Occurrence, RuleHead

MAX_RULE_ERRORS: Final = 5  # evaluations of a rule that threw since it was put; then it is switched off


def must_be_its_own(error: Exception) -> None:
    """Raises what is the machine's fault: it would not come again in a replay, and the frame is tried again."""
    if isinstance(error, MemoryError):
        raise error


def where(error: Exception) -> str:
    """The file and line that threw it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


def switching(now: int, cause: str) -> Occurrence:
    """That a rule is switched off now, because of what it threw on."""
    return Occurrence(at=now, device=None, cause={"rule_threw_on": cause, "at": now})


def switched_off(site: str, uid: str) -> RuleHead:
    """What the alert about a rule that is switched off has in common with others; it lasts until the rule is put."""
    return RuleHead(
        site=site,
        uid=SWITCHED_OFF_UID,
        version=1,
        severity="critical",
        category="system",
        opens_order=False,
        title={"zh": "规则已停用", "en": "Rule switched off"},
        text={
            "zh": f"规则 {uid} 出错 {MAX_RULE_ERRORS} 次，已停用",
            "en": f"Rule {uid} failed {MAX_RULE_ERRORS} times and was switched off",
        },
        cooldown_us=0,
        lasting=True,
    )
