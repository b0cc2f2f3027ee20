"""How long things may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from statistics import median
from typing import Final

from tests.architecture.sources import Source

FUNCTION_LINES: Final = 70  # one screen
MOST_FUNCTIONS_LINES: Final = 35  # nine functions in ten
MEDIAN_FUNCTION_LINES: Final = 10
FILE_LINES: Final = 400
TEST_FILE_LINES: Final = 600
POSITIONAL_PARAMETERS: Final = 5  # self and cls not counted; more than these are named by the caller

type_of_function = (ast.FunctionDef, ast.AsyncFunctionDef)


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file, nested ones too."""
    for node in ast.walk(source.tree):
        if isinstance(node, type_of_function):
            yield node


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From `def` to the last line."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def positional(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many parameters a caller may pass without naming them."""
    parameters = [*function.args.posonlyargs, *function.args.args]
    bound = 1 if parameters and parameters[0].arg in {"self", "cls"} else 0
    return len(parameters) - bound


def too_long(source: Source) -> list[str]:
    """The file itself and its functions, where over the budget."""
    limit = TEST_FILE_LINES if source.path.startswith("tests/") else FILE_LINES
    lines = source.text.count("\n")
    found = [f"{source.path}: {lines} lines, at most {limit}"] if lines > limit else []
    if not source.path.endswith(".py"):
        return found
    for function in functions(source):
        where = f"{source.path}:{function.lineno}: {function.name}"
        if lines_of(function) > FUNCTION_LINES:
            found.append(f"{where}: {lines_of(function)} lines, at most {FUNCTION_LINES}")
        if positional(function) > POSITIONAL_PARAMETERS:
            found.append(f"{where}: {positional(function)} positional parameters, at most {POSITIONAL_PARAMETERS}")
    return found


def too_long_on_the_whole(lengths: list[int]) -> list[str]:
    """What is wrong with the lengths of all functions taken together."""
    found = []
    if median(lengths) > MEDIAN_FUNCTION_LINES:
        found.append(f"median function: {median(lengths)} lines, at most {MEDIAN_FUNCTION_LINES}")
    long = sum(length > MOST_FUNCTIONS_LINES for length in lengths)
    if long * 10 > len(lengths):
        found.append(f"{long} of {len(lengths)} functions are over {MOST_FUNCTIONS_LINES} lines")
    return found
