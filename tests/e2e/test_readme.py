"""A first event by hand: what the README tells a stranger to type works as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.support.box import Box, until

ROOT: Final = Path(__file__).resolve().parents[2]

# The programs of the walk that a machine may not have.
CURL: Final = """\
#!{python}
import argparse, httpx
words = argparse.ArgumentParser()
words.add_argument("-sS", action="store_true")
words.add_argument("url")
words.add_argument("-H", action="append")
words.add_argument("-d")
said = words.parse_args()
headers = dict(header.split(": ", 1) for header in said.H if not header.endswith("Bearer "))
method = "GET" if said.d is None else "POST"
print(httpx.request(method, said.url, headers=headers, content=said.d, trust_env=False).text)
"""
MOSQUITTO_PUB: Final = """\
#!{python}
import argparse
from paho.mqtt import publish
words = argparse.ArgumentParser()
for name in "quPtm":
    words.add_argument("-" + name)
said = words.parse_args()
publish.single(said.t, said.m, int(said.q), port={port}, auth={{"username": said.u, "password": said.P}})
"""


def walk() -> str:
    """The commands, without the live feed, which never ends."""
    found = re.search(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    lines = found[1].splitlines()
    assert lines[-1].startswith("curl -N")
    return "\n".join(lines[:-1])


def test_the_walk_of_the_readme_ends_with_its_event_stored(tmp_path: Path) -> None:
    with Box(tmp_path / ".herun") as box:
        for name, text in (("curl", CURL), ("mosquitto_pub", MOSQUITTO_PUB)):
            program = tmp_path / name
            program.write_text(text.format(python=sys.executable, port=box.mqtt_port))
            program.chmod(0o755)
        path = f"{tmp_path}:{Path(sys.executable).parent}:/usr/bin:/bin"
        told = subprocess.run(
            ["bash", "-euc", walk().replace("http://127.0.0.1:8000", box.api_url)],
            cwd=tmp_path,
            env={"PATH": path, "PYTHONPATH": str(ROOT), "TOKEN": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr

        def events() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = box.call("GET", "/v1/sites/garden/events")["items"]
            return found

        until(lambda: bool(events()), 20, "the event is a row")
        assert [(event["device"], event["event_type"]) for event in events()] == [("gate-1", "vehicle.passed")]
