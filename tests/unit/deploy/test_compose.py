"""docker-compose.yml is valid, asks for nothing that does not exist, and gives nobody more than it needs."""

from __future__ import annotations

from typing import Any

import pytest
import typer.main

from herun.settings import Settings
from herun.stack.cli import app
from herun.stack.deployment import PORTS, TOLD
from tests.architecture.sources import package_files, words
from tests.unit.deploy import compose

COMMANDS = frozenset(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
OURS = ("prepare", "migrate", "gateway", "processor", "api")
LASTING = ("nats", "timescaledb", "gateway", "processor", "api")


@pytest.fixture(name="document", scope="module")
def _document() -> compose.Document:
    return compose.read_compose()


def service(**fields: Any) -> compose.Document:
    return {"services": {"gateway": {"image": "herun:0.1.0", **fields}}}


def test_it_is_valid_by_the_specification(document: compose.Document) -> None:
    assert compose.schema_errors(document) == []


def test_an_invalid_document_is_seen() -> None:
    assert compose.schema_errors(service(restrat="always")) != []


def test_every_setting_it_names_exists(document: compose.Document) -> None:
    assert compose.unknown_settings(document) == []


def test_an_unknown_setting_is_seen() -> None:
    bad = service(environment={"HERUN_COLOUR": "${HERUN_TASTE:-sweet}", "HERUN_HOST": "x", "HERUN_NATS_URL_FILE": "y"})
    assert compose.unknown_settings(bad) == ["HERUN_COLOUR", "HERUN_TASTE"]


def test_no_secret_stands_in_it(document: compose.Document) -> None:
    assert compose.open_secrets(document) == []


def test_an_open_secret_is_seen() -> None:
    assert compose.open_secrets(service(environment={"HERUN_TOKEN_KEY": "x"})) == ["gateway: HERUN_TOKEN_KEY"]


def test_every_image_is_pinned(document: compose.Document) -> None:
    assert compose.unpinned_images(document) == []
    assert compose.unpinned_images({"services": {"a": {"image": "nats"}, "b": {"image": "nats:latest"}}}) != []


def test_every_program_it_starts_exists(document: compose.Document) -> None:
    assert compose.missing_programs(document, COMMANDS) == []


def test_a_missing_program_is_seen() -> None:
    assert compose.missing_programs(service(command=["python", "-m", "gatway"]), COMMANDS) == [
        "gateway: python -m gatway"
    ]
    assert compose.missing_programs(service(command=["herun", "fly"]), COMMANDS) == ["gateway: herun fly"]


@pytest.mark.parametrize("name", TOLD)
def test_each_service_is_told_the_secrets_that_were_prepared_for_it_and_no_others(
    document: compose.Document, name: str
) -> None:
    environment = document["services"][name]["environment"]
    told = {variable: path for variable, path in environment.items() if variable.endswith("_FILE")}
    assert told == {f"HERUN_{setting.upper()}_FILE": f"/run/herun/{setting}" for setting in TOLD[name]}
    assert f"{name}-secrets:/run/herun:ro" in document["services"][name]["volumes"]


# Of services elsewhere, which nobody has to have: whoever does adds them in a file of their own (docs/notices.md).
OPERATORS_OWN = {"smtp_url", "vapid_private_key", "wechat_app_secret", "notice_robots"}


@pytest.mark.parametrize("name", ["gateway", "processor", "api"])
def test_each_service_is_told_the_secrets_that_its_code_asks_for(name: str) -> None:
    secrets = {setting for setting, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    files = tuple(source for source in package_files() if source.package == name)
    by_command = {"mqtt_replay_url"} if name == "gateway" else set()
    assert words(files) & secrets - OPERATORS_OWN | by_command == set(TOLD[name])


@pytest.mark.parametrize("name", ["gateway", "processor", "api"])
def test_what_can_be_set_is_told_to_every_service_whose_code_asks_for_it(document: compose.Document, name: str) -> None:
    """Partitions that only the processor knows of would be nobody's at the gateway."""
    services = [document["services"][each]["environment"] for each in ("gateway", "processor", "api")]
    settable = {
        variable for told in services for variable, value in told.items() if value.startswith(f"${{{variable}:-")
    }
    asked_for = words(tuple(source for source in package_files() if source.package == name))
    needed = {variable for variable in settable if variable.removeprefix("HERUN_").lower() in asked_for}
    assert "HERUN_PARTITIONS" in needed
    assert needed - set(document["services"][name]["environment"]) == set()


def test_every_lasting_service_has_a_health_check_and_is_restarted(document: compose.Document) -> None:
    lasting = {name: service for name, service in document["services"].items() if name in LASTING}
    assert [name for name, service in lasting.items() if "healthcheck" not in service] == []
    assert {service["restart"] for service in lasting.values()} == {"unless-stopped"}


def test_nothing_of_ours_runs_as_root_or_writes_into_its_image(document: compose.Document) -> None:
    for name in (*OURS, "nats"):
        one = document["services"][name]
        assert (one["user"], one["read_only"], one["cap_drop"]) == ("10001:10001", True, ["ALL"]), name
    assert all("no-new-privileges:true" in one["security_opt"] for one in document["services"].values())


def test_each_health_check_looks_at_the_port_that_the_process_serves(document: compose.Document) -> None:
    ports = {"gateway": PORTS.gateway_http, "processor": PORTS.processor_http, "api": PORTS.api}
    for name, port in ports.items():
        one = document["services"][name]
        variable = "HERUN_API_PORT" if name == "api" else f"HERUN_{name.upper()}_HTTP_PORT"
        assert one["environment"][variable] == str(port)
        assert one["healthcheck"]["test"][-1] == str(port)


def test_every_volume_it_mounts_is_declared_and_used(document: compose.Document) -> None:
    mounts = {volume.split(":")[0] for one in document["services"].values() for volume in one.get("volumes", [])}
    assert {mount for mount in mounts if not mount.startswith("./")} == set(document["volumes"])
    assert [mount for mount in mounts if mount.startswith("./") and not (compose.ROOT / mount).exists()] == []
