"""Reads docker-compose.yml and deploy/Dockerfile, and says what is wrong with them."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml
from jsonschema.validators import validator_for

from herun.settings import PREFIX, Settings

ROOT: Final = Path(__file__).resolve().parents[3]
COMPOSE: Final = ROOT / "docker-compose.yml"
DOCKERFILE: Final = ROOT / "deploy" / "Dockerfile"

Document = dict[str, Any]
Instruction = tuple[str, str]


def read_compose() -> Document:
    """The compose file with its merges done."""
    document: Document = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return document


def schema_errors(document: Document) -> list[str]:
    """Where a document departs from the Compose Specification (its schema comes with check-jsonschema, Apache-2.0)."""
    vendored = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(vendored.read_text(encoding="utf-8"))
    errors = validator_for(schema)(schema).iter_errors(document)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in errors]


def unknown_settings(document: Document) -> list[str]:
    """HERUN_ variables that no setting has, in environments and in interpolation."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    names = {name for service in document["services"].values() for name in service.get("environment", {})}
    names |= set(re.findall(r"\$\{(\w+)", json.dumps(document)))
    return sorted(name for name in names if name.startswith(PREFIX) and name.removesuffix("_FILE") not in known)


def open_secrets(document: Document) -> list[str]:
    """Secrets that stand in an environment instead of in a file."""
    secret = re.compile(r"PASSWORD|SECRET|KEY|SEED|_URL|TOKEN")
    return [
        f"{name}: {variable}"
        for name, service in document["services"].items()
        for variable in service.get("environment", {})
        if secret.search(variable) and not variable.endswith("_FILE")
    ]


def unpinned_images(document: Document) -> list[str]:
    """Images without a version of their own."""
    images = {service["image"] for service in document["services"].values()}
    return sorted(image for image in images if not re.search(r":v?\d+\.\d+\.\d+", image))


def missing_programs(document: Document, commands: frozenset[str]) -> list[str]:
    """Modules and `herun` commands that a service or a health check starts and that do not exist."""
    found = []
    for name, service in document["services"].items():
        for words in (service.get("command", []), service.get("healthcheck", {}).get("test", ["CMD"])[1:]):
            if words[:2] == ["python", "-m"] and not _can_run(words[2]):
                found.append(f"{name}: python -m {words[2]}")
            elif words[:1] == ["herun"] and words[1] not in commands:
                found.append(f"{name}: herun {words[1]}")
    return found


def _can_run(module: str) -> bool:
    try:
        spec = importlib.util.find_spec(module)
        is_package = spec is not None and spec.submodule_search_locations is not None
        return importlib.util.find_spec(f"{module}.__main__") is not None if is_package else spec is not None
    except ModuleNotFoundError:
        return False


def read_dockerfile(text: str) -> list[Instruction]:
    """Instructions and their arguments, continued lines joined. Raises ValueError for a line that is none."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    found = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        if word not in {"FROM", "RUN", "COPY", "ENV", "USER", "WORKDIR", "STOPSIGNAL", "CMD", "ENTRYPOINT", "ARG"}:
            raise ValueError(f"not an instruction: {line}")
        found.append((word, rest.strip()))
    return found


def last_user(instructions: list[Instruction]) -> str:
    """Who the image runs as; root if it does not say."""
    users = [rest for word, rest in instructions if word == "USER"]
    return users[-1] if users else "root"


def copied(instructions: list[Instruction]) -> Iterator[str]:
    """What is copied from the project into the image."""
    for word, rest in instructions:
        words = shlex.split(rest)
        if word == "COPY" and not words[0].startswith("--from"):
            yield from words[:-1]


def hidden_by(ignore: str, path: str) -> bool:
    """Whether .dockerignore keeps a path of the project's root out of the build."""
    hidden = False
    for line in filter(None, map(str.strip, ignore.splitlines())):
        if not line.startswith("#") and fnmatch(path, line.removeprefix("!").removeprefix("**/")):
            hidden = not line.startswith("!")
    return hidden
