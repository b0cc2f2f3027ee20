"""Pictures are kept as long as an event may name them, and no longer than personal values."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.picture_retention import FOLDERS, PictureRetention
from gateway.pictures import Picture, PictureStore
from herun.clock import DAY_US, SECOND_US, ManualClock, SystemClock

DAYS = 30
CONTENT = b"\xff\xd8\xff made up"


def picture(name: str) -> Picture:
    return Picture(f"pictures/{name[:2]}/{name}.jpg", CONTENT)


async def saved(folder: Path, *names: str) -> list[Path]:
    store = PictureStore(folder, durable=False)
    for name in names:
        await store.save(picture(name))
    store.close()
    return [folder / picture(name).path for name in names]


def swept(folder: Path, now_us: int) -> int:
    retention = PictureRetention(folder, ManualClock(now_us), DAYS)
    return sum(retention.sweep(number) for number in range(FOLDERS))


async def test_a_picture_goes_when_its_time_is_over_and_not_before(tmp_path: Path) -> None:
    old, young = await saved(tmp_path, "0a11", "ff22")
    now_us = SystemClock().now_us()
    at_s = now_us // SECOND_US
    os.utime(old, (at_s - DAYS * 86_400 - 60,) * 2)
    os.utime(young, (at_s - DAYS * 86_400 + 60,) * 2)
    assert swept(tmp_path, now_us) == 1
    assert (old.exists(), young.exists()) == (False, True)
    assert swept(tmp_path, now_us + DAY_US) == 1


async def test_a_picture_that_is_named_again_is_young_again(tmp_path: Path) -> None:
    (path,) = await saved(tmp_path, "0a11")
    os.utime(path, (0, 0))
    await saved(tmp_path, "0a11")
    assert swept(tmp_path, SystemClock().now_us()) == 0
    assert path.read_bytes() == CONTENT


def test_without_a_folder_there_is_nothing_to_delete(tmp_path: Path) -> None:
    assert swept(tmp_path, DAY_US) == 0
