"""SQL lives in .sql files as named blocks: `-- name: insert_event`, then the statement."""

from __future__ import annotations

import re
from importlib import resources
from typing import Final

_NAME: Final = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


class Queries:
    """The named statements of one .sql file, read at import; `queries["name"]` raises KeyError for an unknown one."""

    def __init__(self, package: str, file_name: str = "queries.sql") -> None:
        text = resources.files(package).joinpath(file_name).read_text(encoding="utf-8")
        parts = _NAME.split(text)[1:]
        self._statements = {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}
        if len(self._statements) != len(parts) // 2:
            raise ValueError(f"{package}/{file_name} names a statement twice")

    def __getitem__(self, name: str) -> str:
        return self._statements[name]
