"""What the words that fields of events can be are called, in Chinese and English: for the texts of alerts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "in": ("进", "in"),
    "out": ("出", "out"),
    "open": ("开", "open"),
    "closed": ("关", "closed"),
    "between": ("半开", "between open and closed"),
    "vehicle": ("车辆", "vehicle"),
    "person": ("人员", "person"),
    "armed": ("设防", "armed"),
    "home": ("留守", "home"),
    "night": ("夜间", "night"),
    "disarmed": ("撤防", "disarmed"),
    "maintenance": ("检修", "maintenance"),
    "drill": ("演练", "drill"),
    "exact": ("完全一致", "exact"),
    "confusable": ("易混字符", "confusable"),
    "one_character": ("差一个字符", "one character off"),
    "exit_without_entry": ("有出无进", "exit without entry"),
    "clone": ("疑似套牌", "plate that is inside twice"),
    "tailgating": ("尾随", "tailgating"),
    "impossible_gate_to_gate": ("两门间隔过短", "impossible from gate to gate"),
    "overstay": ("滞留超时", "overstay"),
    "expired_visitor": ("访客超出许可时间", "visitor outside of the announced times"),
    "listed_plate": ("名单车辆", "plate of a list"),
    "loitering": ("徘徊", "loitering"),
    "crowd": ("人员聚集", "crowd"),
    "not_seen": ("长时间未见", "not seen for long"),
    "door.opened": ("门被打开", "a door opened"),
    "state.reported": ("有动静", "movement"),
    "person.captured": ("拍到人员", "a person"),
    "object.detected": ("拍到目标", "an object"),
    "zone.observed": ("区域内有人", "somebody in the area"),
    "paired_late": ("补录配对", "paired late"),
    "forgotten": ("记录过期", "forgotten"),
}
