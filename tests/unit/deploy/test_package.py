"""An installed Herun (the image has no source tree) holds every file that a clone has."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from shutil import copytree

from tests.architecture.sources import PACKAGES, ROOT, text_files


def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    for package in PACKAGES:
        copytree(ROOT / package, source / package)
    # Nothing of the net: setuptools is in the lock.
    words = [
        "wheel",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(tmp_path),
        str(source),
    ]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {each.path for each in text_files() if each.package in PACKAGES and not each.path.endswith(".md")}
    assert shipped - names == set()
