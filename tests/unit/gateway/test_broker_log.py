"""Laws of counting what the broker refuses; the lines are nats-server 2.15's."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.broker_log import BrokerLog, reason_of
from herun import metrics

HEAD = b"[7] 2026/11/23 09:58:25.029218 [ERR] 127.0.0.1:52623 - mid:51 - "


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (HEAD + b'"d1" - Publish Violation - Subject "herun.v1.site.other.event"', "publish_denied"),
        (HEAD + b'"d1" - Subscription Violation - Subject ">", SID >', "subscribe_denied"),
        (HEAD + b'"d1" - maximum payload exceeded: 9000032 vs 8388608', "too_large"),
        (HEAD + b'"a.d1" - invalid character in client ID "a.d1"', "bad_client_id"),
        (HEAD + b'"d1" - character not supported for MQTT topics', "bad_topic"),
        (HEAD + b"\"d1\" - wildcards not allowed in publish's topic: \"a/+/b\"", "bad_topic"),
        (HEAD + b'"d1" - invalid null character in topic "a\\x00b"', "bad_topic"),
        (HEAD + b'"d1" - invalid utf8 for topic "a\\xff"', "bad_topic"),
        (HEAD + b'"d1" - malformed variable int', "protocol"),
        (HEAD + b'"d1" - unable to connect: authentication error', "not_authorized"),
        (HEAD + b'"d1" - authentication error - User "site.dev"', None),  # the line before says the same
        (HEAD + b'"d1" - JetStream failed a pipelined QoS1/2 operation (pi=1): maximum bytes exceeded', "buffer_full"),
        (b"[7] 2026/11/23 09:58:25.029218 [INF] Server is ready", None),
        (b"[7] 2026/11/23 09:58:25.029218 [INF] Publish Violation", None),
        (b"", None),
    ],
)  # fmt: skip
def test_a_line_has_the_reason_that_it_tells(line: bytes, reason: str | None) -> None:
    assert reason_of(line) == reason


def test_only_whole_new_lines_are_counted_also_after_the_log_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "nats.log"
    line = HEAD + b'"d1" - malformed variable int\n'
    path.write_bytes(line)
    counted = metrics.counter("herun_broker_refused_total").labels("protocol")

    def count() -> float:
        return float(counted._value.get())

    before = count()
    log = BrokerLog(path)
    log.look()
    assert count() == before  # was there before we were
    with path.open("ab") as file:
        file.write(line + line[:40])
    log.look()
    assert count() == before + 1
    with path.open("ab") as file:
        file.write(line[40:])
    log.look()
    assert count() == before + 2
    path.write_bytes(line)
    log.look()
    assert count() == before + 3
    path.unlink()
    log.look()
    assert count() == before + 3
