"""The doctor names MQTT clients whose id the broker refuses."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from herun.stack.doctor_broker import MAX_NAMED, check_clients
from herun.stack.findings import Level

NOW = datetime(2026, 11, 26, 12, 0, 0)  # noqa: DTZ001 - as the broker's log has it


def line(client: str, when: str = "2026/11/26 04:33:35") -> str:
    head = f'[20988] {when}.742956 [ERR] 127.0.0.1:46142 - mid:5 - "{client}"'
    return f'{head} - invalid character in client ID "{client}"\n'


def test_a_client_that_the_broker_refuses_is_named_with_what_to_do(tmp_path: Path) -> None:
    log = tmp_path / "nats.log"
    log.write_text("[1] 2026/11/26 01:00:00.1 [INF] Server is ready\n" + line("garden.s0") + line("a b") + line("a b"))
    (found,) = check_clients(log, NOW)
    assert found.level is Level.WARNING
    assert '"garden.s0" (last 2026/11/26 04:33:35), "a b"' in found.text
    assert "- in place of the dot" in found.text


def test_what_was_refused_long_ago_or_never_is_not_told(tmp_path: Path) -> None:
    log = tmp_path / "nats.log"
    assert check_clients(log, NOW) == []
    log.write_text(line("garden.s0", "2026/11/25 11:59:59"))
    assert check_clients(log, NOW) == []
    log.write_text("[1] 2026/11/26 04:33:35.1 [ERR] 127.0.0.1:4 - mid:5 - maximum connections exceeded\n")
    assert check_clients(log, NOW) == []


def test_however_many_are_refused_a_few_are_named(tmp_path: Path) -> None:
    log = tmp_path / "nats.log"
    log.write_text("".join(line(f"a.{n}" + "x" * 200) for n in range(MAX_NAMED + 3)))
    (found,) = check_clients(log, NOW)
    assert found.text.count("(last ") == MAX_NAMED
    assert " and 3 more;" in found.text
    assert len(found.text) < 800
