"""Laws of what the processes of a stack are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from herun.settings import Settings
from herun.stack.credentials import load_credentials
from herun.stack.environment import StackSettings, process_environment, resolve_environment, write_stack_env
from herun.stack.folder import Folder, StackError, folder_at
from herun.stack.ports import Ports

PORTS = Ports(mqtt=1, nats=2, nats_monitor=3, database=4, api=5, gateway_http=6, processor_http=7)
OWN_DSN = "postgresql://herun:x@127.0.0.1:4/herun"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    for name in ("HERUN_CLOCK", "HERUN_NATS_URL", "HERUN_MQTT_URL", "HERUN_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    found = folder_at(tmp_path)
    found.create()
    return found


def resolve(folder: Folder, own_dsn: str | None = OWN_DSN, **given: Any) -> dict[str, str]:
    settings = StackSettings.model_validate({"data_dir": folder.root, **given})
    return resolve_environment(settings, folder, PORTS, load_credentials(folder), own_dsn)


def test_a_box_of_its_own_is_told_every_endpoint(folder: Folder) -> None:
    told = resolve(folder)
    assert told["HERUN_DATABASE_URL"] == OWN_DSN
    assert told["HERUN_MQTT_URL"].endswith("@127.0.0.1:1")
    for name in ("NATS", "DEVICES_NATS", "AUTH_CALLOUT_NATS", "SYSTEM_NATS"):
        assert told[f"HERUN_{name}_URL"].endswith("@127.0.0.1:2")
    assert told["HERUN_AUTH_CALLOUT_SEED"].startswith("SA")


def test_what_a_person_has_set_stays_as_it_is(folder: Folder) -> None:
    told = resolve(folder, token_key="k" * 40, partitions=8, processor_http_port=99)
    assert (told["HERUN_TOKEN_KEY"], told["HERUN_PARTITIONS"]) == ("k" * 40, "8")
    assert told["HERUN_PROCESSOR_HTTP_PORT"] == "99"


def test_an_outside_database_and_broker_need_none_of_ours(folder: Folder) -> None:
    settings = StackSettings.model_validate(
        {"data_dir": folder.root, "database_url": "postgresql://x/y", "nats_url": "nats://n", "mqtt_url": "mqtt://m"}
    )
    assert not settings.needs_broker
    assert not settings.needs_database
    told = resolve_environment(settings, folder, PORTS, load_credentials(folder), None)
    assert told["HERUN_DATABASE_URL"] == "postgresql://x/y"
    assert (told["HERUN_NATS_URL"], told["HERUN_MQTT_URL"]) == ("nats://n", "mqtt://m")
    assert "HERUN_AUTH_CALLOUT_NATS_URL" not in told


def test_an_outside_broker_may_stand_beside_our_own_stream(folder: Folder) -> None:
    told = resolve(folder, mqtt_url="mqtt://gateway:x@mosquitto:1883")
    assert told["HERUN_MQTT_URL"] == "mqtt://gateway:x@mosquitto:1883"
    assert told["HERUN_NATS_URL"].endswith(":2")
    assert "HERUN_DEVICES_NATS_URL" not in told


def test_the_services_read_from_stack_env_what_the_supervisor_resolved(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_stack_env(folder, resolve(folder))
    monkeypatch.setenv("HERUN_DATA_DIR", str(folder.root))
    read = Settings()
    assert read.need("database_url") == OWN_DSN
    assert read.api_port == 5


def test_the_supervisor_does_not_take_its_own_last_answers_for_a_persons_wishes(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_stack_env(folder, resolve(folder))
    monkeypatch.setenv("HERUN_DATA_DIR", str(folder.root))
    assert StackSettings().database_url is None


def test_a_value_that_would_break_stack_env_is_refused(folder: Folder) -> None:
    with pytest.raises(StackError, match="HERUN_X holds a quote"):
        write_stack_env(folder, {"HERUN_X": "a'b"})


def test_the_data_folder_that_services_are_told_is_absolute(folder: Folder) -> None:
    assert process_environment(folder, {})["HERUN_DATA_DIR"] == str(folder.root)


CLOCK = "2026-05-11T19:00:00+08:00@60"


def test_a_simulated_clock_goes_on_where_it_was_after_a_restart(folder: Folder) -> None:
    first = resolve(folder, clock=CLOCK)["HERUN_CLOCK_EPOCH"]
    assert resolve(folder, clock=CLOCK)["HERUN_CLOCK_EPOCH"] == first


def test_another_simulated_clock_begins_anew(folder: Folder) -> None:
    folder.clock.write_text(f'{{"clock": "{CLOCK}", "epoch_us": 5}}')
    assert resolve(folder, clock=CLOCK)["HERUN_CLOCK_EPOCH"] == "5"
    assert resolve(folder, clock=CLOCK.replace("@60", "@61"))["HERUN_CLOCK_EPOCH"] != "5"


def test_a_clock_that_is_none_is_told_in_words(folder: Folder) -> None:
    with pytest.raises(StackError, match="HERUN_CLOCK=noon"):
        resolve(folder, clock="noon")
