"""Laws of the logs."""

from __future__ import annotations

import os
from pathlib import Path

from herun.stack.logs import BoundedLog


def test_a_log_is_cut_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "x.log", max_bytes=10)
    writer = log.open()
    os.write(writer, b"0123456789")
    assert not log.cut()
    os.write(writer, b"abc\n")
    assert log.cut()
    os.write(writer, b"after\n")
    os.close(writer)
    assert log.path.read_bytes() == b"after\n"
    assert (tmp_path / "x.log.1").read_bytes() == b"0123456789abc\n"


def test_the_bound_holds_where_the_old_lines_cannot_be_kept(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "x.log", max_bytes=1)
    (tmp_path / "x.log.1").mkdir()
    log.path.write_text("too long")
    assert log.cut()
    assert log.path.read_text() == ""


def test_a_log_that_is_not_there_has_no_tail_and_needs_no_cut(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "x.log")
    assert log.tail(3) == ""
    assert not log.cut()


def test_the_tail_is_the_last_lines_even_of_a_log_with_half_characters(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "x.log")
    log.path.write_bytes(b"one\ntwo\n\xe5\nthree\n")
    assert log.tail(2) == "\ufffd\nthree"
