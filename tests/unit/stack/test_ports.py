"""Laws of the ports."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from herun.stack.environment import StackSettings
from herun.stack.folder import StackError, folder_at
from herun.stack.ports import LOOPBACK, choose_ports, holder_of, is_free
from tests.support.ports import free_port


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


def settings(folder: Path, **given: int) -> StackSettings:
    ports = {f"{name}_port": free_port() for name in ("mqtt", "nats", "database", "api")}
    return StackSettings.model_validate({"data_dir": folder, **ports, **given})


def test_a_configured_port_is_taken_as_it_is(tmp_path: Path) -> None:
    given = settings(tmp_path)
    chosen = choose_ports(given, folder_at(tmp_path))
    assert (chosen.mqtt, chosen.api) == (given.mqtt_port, given.api_port)


def test_a_configured_port_that_is_taken_is_an_error_that_names_the_setting_and_the_holder(
    tmp_path: Path, taken: int
) -> None:
    with pytest.raises(StackError, match=rf"HERUN_NATS_PORT={taken} is taken by .*pid {os.getpid()}"):
        choose_ports(settings(tmp_path, nats_port=taken), folder_at(tmp_path))


def test_one_port_is_not_configured_for_two_listeners(tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(StackError, match=f"HERUN_API_PORT={port} is also configured"):
        choose_ports(settings(tmp_path, mqtt_port=port, api_port=port), folder_at(tmp_path))


def test_ports_stay_the_same_from_run_to_run_while_they_are_free(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    first = choose_ports(settings(tmp_path), folder)
    again = choose_ports(StackSettings(data_dir=tmp_path), folder)
    assert again == first


def test_a_port_of_last_time_that_is_taken_now_is_left_to_its_holder(tmp_path: Path, taken: int) -> None:
    folder = folder_at(tmp_path)
    folder.ports.write_text(f'{{"gateway_http": {taken}}}')
    assert choose_ports(settings(tmp_path), folder).gateway_http != taken


def test_an_unreadable_memory_of_ports_is_no_obstacle(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    folder.ports.write_text("{")
    assert choose_ports(settings(tmp_path), folder).nats_monitor


def test_a_listener_makes_its_port_taken(taken: int) -> None:
    assert not is_free(LOOPBACK, taken)
    assert str(os.getpid()) in holder_of(taken)
