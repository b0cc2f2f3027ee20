"""Size budgets: what does not fit on a screen is not read."""

from __future__ import annotations

from tests.architecture.sizes import functions, lines_of, too_long, too_long_on_the_whole
from tests.architecture.sources import Source, package_files, python_files, sql_files


def test_every_file_and_function_keeps_its_budget() -> None:
    assert [line for source in (*python_files(), *sql_files()) for line in too_long(source)] == []


def test_most_functions_are_short() -> None:
    lengths = [lines_of(function) for source in package_files() for function in functions(source)]
    assert too_long_on_the_whole(lengths) == []


def test_a_long_function_is_seen() -> None:
    body = "    x = 1\n"
    assert too_long(Source("herun/a.py", "def f():\n" + body * 69)) == []
    assert too_long(Source("herun/a.py", "def f():\n" + body * 70)) == ["herun/a.py:1: f: 71 lines, at most 70"]


def test_a_long_file_is_seen() -> None:
    assert too_long(Source("herun/a.sql", "--\n" * 400)) == []
    assert too_long(Source("herun/a.sql", "--\n" * 401)) == ["herun/a.sql: 401 lines, at most 400"]
    assert too_long(Source("tests/a.py", "#\n" * 600)) == []
    assert too_long(Source("tests/a.py", "#\n" * 601)) == ["tests/a.py: 601 lines, at most 600"]


def test_a_sixth_positional_parameter_is_seen() -> None:
    assert too_long(Source("api/a.py", "class A:\n    def f(self, a, b, c, d, e, *, g): ...\n")) == []
    assert len(too_long(Source("api/a.py", "async def f(a, b, c, d, e, g): ...\n"))) == 1


def test_functions_that_are_long_on_the_whole_are_seen() -> None:
    assert too_long_on_the_whole([5] * 9 + [36]) == []
    assert too_long_on_the_whole([5] * 8 + [36, 36]) == ["2 of 10 functions are over 35 lines"]
    assert too_long_on_the_whole([11]) == ["median function: 11 lines, at most 10"]
