"""What a person gives on the command line to hold a history against, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer import BadParameter
from typer.testing import CliRunner

from herun import order_audit
from herun.errors import ConfigurationError
from herun.order_pictures import Album
from herun.stack.audit_commands import _anchor, app


def test_an_anchor_is_a_site_a_number_and_a_hash() -> None:
    assert _anchor("estate:812:ab12") == ("estate", 812, "ab12")
    for text in ("estate", "estate:812", "estate:²:ab12", ":1:ab", "estate:1:"):
        with pytest.raises(BadParameter):
            _anchor(text)


@pytest.mark.parametrize("is_there", [True, False])
def test_who_has_no_folder_of_pictures_is_told_that_no_file_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    given: list[Album] = []

    def verify(_url: str, _site: None, _anchors: list[object], album: Album) -> list[order_audit.Verdict]:
        given.append(album)
        return [order_audit.Verdict("estate", 0, 0, None, ())]

    monkeypatch.setattr(order_audit, "verify", verify)
    monkeypatch.setenv("HERUN_DATABASE_URL", "postgresql://x")
    monkeypatch.setenv("HERUN_OBJECTS_DIR", str(tmp_path if is_there else tmp_path / "none"))
    result = CliRunner().invoke(app, ["verify"])
    assert result.exit_code == 0
    assert [each.folder for each in given] == [tmp_path if is_there else None]
    assert ("files of pictures were not looked at" in result.output) is not is_there


def test_who_may_not_read_the_pictures_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def verify(*_: object) -> list[order_audit.Verdict]:
        raise PermissionError(13, "Permission denied", "estate/a.whole.jpg")

    monkeypatch.setattr(order_audit, "verify", verify)
    monkeypatch.setenv("HERUN_DATABASE_URL", "postgresql://x")
    monkeypatch.setenv("HERUN_OBJECTS_DIR", str(tmp_path))
    error = CliRunner().invoke(app, ["verify"]).exception
    assert isinstance(error, ConfigurationError)
    assert "estate/a.whole.jpg" in str(error)
