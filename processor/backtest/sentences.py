"""The sentences of a trace, Chinese and English."""

from __future__ import annotations

from typing import Any, Final

from herun.clock import to_text

_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "switched_off": ("规则多次出错，已停用", "the rule failed too often and was switched off"),
    "off": ("规则处于关闭状态（mode: off）", "somebody has put the rule off (mode: off)"),
    "device_off": ("设备已停用，规则不看它的事件", "the device is switched off: what it says reaches no rule"),
    "other_type": ("事件类型是 {seen}，规则看的是 {wanted}", "the event is a {seen}, the rule looks at {wanted}"),
    "out_of_scope": ("{field} 是 {seen}，规则只看 {wanted}", "its {field} is {seen}, the rule looks at {wanted}"),
    "no_key": ("规则按 {wanted} 归并，此设备没有", "the rule keeps by {wanted}, and this device has none"),
    "where": ("数据 {field} 是 {seen}，应为 {wanted}", "its {field} is {seen}, not {wanted}"),
    "too_late": (
        "事件比同一对象的最新事件早 {late_s} 秒，只有迟到 {limit_s} 秒以内才能更正",
        "it is {late_s} s older than the newest of its key; only what is up to {limit_s} s late can correct",
    ),
    "forgotten": (
        "事件比同一对象的最新事件早 {late_s} 秒，早于还能更正的最早时刻 {since}",
        "it is {late_s} s older than the newest of its key, and older than all that is kept of it (since {since})",
    ),
    "fired": ("触发告警 {alert_id}", "it raised alert {alert_id}"),
    "hidden": (
        "触发告警 {alert_id}，并入告警 {merged_into}，未单独显示",
        "it raised alert {alert_id}, which alert {merged_into} hides",
    ),
    "counted": (
        "计入告警 {alert_id}（第 {count} 次），冷却至 {until}",
        "it was counted into alert {alert_id} (occurrence {count}), in cool-down until {until}",
    ),
    "goes_on": (
        "计入告警 {alert_id}（第 {count} 次），尚未恢复正常",
        "it was counted into alert {alert_id} (occurrence {count}), as it has not been usual again since",
    ),
    "amended": (
        "迟到事件更正了告警 {alert_id}：{begin} 起，{end} 止，共 {count} 次",
        "it came late and amended alert {alert_id}: now from {begin} to {end}, {count} times",
    ),
    "reopened": (
        "迟到事件表明告警 {alert_id} 尚未结束，重新成立",
        "it came late and reopened alert {alert_id}, which is not over after all",
    ),
    "withdrawn": (
        "事件表明告警 {alert_id} 从未成立，已撤回",
        "it showed that alert {alert_id} never was due, and withdrew it",
    ),
    "cleared": ("解除告警 {alert_id}", "it cleared alert {alert_id}"),
    "would_have_fired": (
        "试运行：本会触发告警 {alert_id}，只统计，不通知",
        "in monitor mode: it would have raised alert {alert_id}, which was only measured",
    ),
    "would_have_counted": (
        "试运行：本会计入告警 {alert_id}（第 {count} 次），冷却至 {until}",
        "in monitor mode: it would have been counted into {alert_id} (occurrence {count}), in cool-down until {until}",
    ),
    "would_have_cleared": (
        "试运行：本会解除告警 {alert_id}",
        "in monitor mode: it would have cleared alert {alert_id}",
    ),
    "raised_already": ("告警 {alert_id} 已触发且仍成立", "alert {alert_id} is raised already and still holds"),
    "waits_for_above": (
        "告警 {alert_id} 暂缓：上级设备也无消息，等到 {until} 看是否并入其告警",
        "its alert {alert_id} waits until {until}: a device above is silent too, whose alert would hide it",
    ),
    "held": ("条件自 {since} 起成立，持续至 {due} 才触发", "it has held since {since} and is due to raise at {due}"),
    "window": ("时间窗内 {count} 次，需 {wanted} 次", "counted {count} of {wanted} in the window"),
    "heard": ("有消息，沉默从 {since} 重新计", "it was heard: the silence is measured from {since} anew"),
    "waiting": (
        "自 {since} 起等待，至 {due} 不来则触发",
        "it waits since {since}, and raises if nothing comes by {due}",
    ),
    "steps": ("序列已到第 {count} 步，共 {wanted} 步", "the sequence has come to step {count} of {wanted}"),
    "not_begun": (
        "序列尚未开始：{wanted} 步中的第 1 步还没有发生",
        "the sequence has not begun: the first of its {wanted} steps has not happened",
    ),
    "limit": ("{field} 是 {seen}，要求 {op} {wanted}", "its {field} is {seen}, wanted {op} {wanted}"),
    "collects": (
        "{field} 目前是 {seen}，{until} 才判断，要求 {op} {wanted}",
        "its {field} is {seen} so far and judged at {until}, wanted {op} {wanted}",
    ),
    "no_number": ("{field} 是 {seen}，不是数值", "its {field} is {seen}, which is no number"),
    "usual": ("与往常无异", "nothing about it is unusual"),
    "warming_up": (
        "{finding_zh}；学习期至 {until}，其间不触发",
        "{finding_en}; it still learns what is usual until {until}, and raises nothing",
    ),
    "direction": (
        "{finding_zh}；规则只看方向 {wanted}",
        "{finding_en}; the rule looks only at what goes {wanted}",
    ),
    "no_stronger": (
        "{finding_zh}；不比近来已出现的更异常",
        "{finding_en}; that is no stronger than what was seen lately",
    ),
    "resting": (
        "{finding_zh}；刚报过警，至 {until} 只有异常得多才再触发",
        "{finding_en}; an alarm was told lately, and until {until} only what is far stronger is another",
    ),
    "too_weak": (
        "{finding_zh}；异常度 {score}，达到 {wanted} 才触发（平常一周出现同等异常的概率 {probability}）",
        "{finding_en}; it scores {score}, an alarm from {wanted} on ({probability} of usual weeks have one so strong)",
    ),
    "condition": ("条件不成立：{wanted}；数据：{seen}", "the condition does not hold: {wanted}; the data: {seen}"),
    "failed": ("条件无法计算：{wanted}；{error}", "the condition cannot be evaluated: {wanted}: {error}"),
    "not_listed": ("车牌不在名单 {wanted} 上", "the plate is not on the list {wanted}"),
    "nothing": ("规则看过，无变化", "the rule looked at it, and nothing changed"),
}


def say(outcome: str, **values: Any) -> dict[str, Any]:
    """The outcome, its sentence in both languages, and the values that stand in it."""
    chinese, english = _SENTENCES[outcome]
    return {"outcome": outcome, "why": {"zh": chinese.format(**values), "en": english.format(**values)}, **values}


def hidden_by(said: dict[str, Any], master: str | None) -> dict[str, Any]:
    """The same of an alert that another one hides, if one does: why nobody heard of it."""
    if master is None:
        return said
    chinese, english = said["why"]["zh"], said["why"]["en"]
    why = {"zh": f"{chinese}；并入告警 {master}，未单独显示", "en": f"{english}; alert {master} hides it"}
    return {**said, "why": why, "merged_into": master}


def over_too(said: dict[str, Any], cleared_at: int | None) -> dict[str, Any]:
    """The same of an alert that the event has also cleared (microseconds UTC), if it has: what it raised was over."""
    if cleared_at is None:
        return said
    at = to_text(cleared_at)
    why = {"zh": f"{said['why']['zh']}；并于 {at} 解除", "en": f"{said['why']['en']}; and cleared it as of {at}"}
    return {**said, "why": why, "cleared_at": at}
