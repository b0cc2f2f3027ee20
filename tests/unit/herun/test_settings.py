from __future__ import annotations

from pathlib import Path

import pytest

from herun.errors import ConfigurationError
from herun.settings import Settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HERUN_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("HERUN_NATS_URL", raising=False)


def test_environment_goes_before_secret_file_before_stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "stack.env").write_text("HERUN_NATS_URL=nats://stack\n")
    assert Settings().need("nats_url") == "nats://stack"
    secret = tmp_path / "secret"
    secret.write_text("nats://file\n")
    monkeypatch.setenv("HERUN_NATS_URL_FILE", str(secret))
    assert Settings().need("nats_url") == "nats://file"
    monkeypatch.setenv("HERUN_NATS_URL", "nats://environment")
    assert Settings().need("nats_url") == "nats://environment"


def test_missing_setting_is_named() -> None:
    with pytest.raises(ConfigurationError, match="HERUN_NATS_URL is not set"):
        Settings().need("nats_url")


def test_missing_secret_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HERUN_NATS_URL_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match="HERUN_NATS_URL_FILE"):
        Settings()


def test_secrets_do_not_show() -> None:
    assert "hush" not in repr(Settings(token_key="hush"))  # type: ignore[arg-type]
