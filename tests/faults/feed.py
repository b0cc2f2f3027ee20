"""A viewer of the live feed that reconnects with Last-Event-ID, as a browser's EventSource does."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import httpx

from tests.support.box import Box

RECONNECT_S: Final = 0.3
_FAR_AWAY: Final = (httpx.HTTPError, OSError)


class FeedViewer:
    """Counts what it is shown, by event name and identity."""

    def __init__(self, box: Box, site: str) -> None:
        self._box = box
        self._site = site
        self._last_id: str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.connected = threading.Event()
        self.shown: dict[str, Counter[str]] = {"event": Counter(), "alert": Counter(), "order": Counter()}
        self.items: list[tuple[str, dict[str, Any], float]] = []

    def start(self) -> None:
        """Begins to watch; returns once connected."""
        self._thread.start()
        if not self.connected.wait(30):
            raise AssertionError("the live feed does not answer")

    def stop(self) -> None:
        """Ends."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self._one_connection()
            except _FAR_AWAY:
                self._stop.wait(RECONNECT_S)

    def _one_connection(self) -> None:
        headers = {"Authorization": f"Bearer {self._box.token()}"}
        if self._last_id is not None:
            headers["Last-Event-ID"] = self._last_id
        url = f"{self._box.api_url}/v1/sites/{self._site}/live"
        timeout = httpx.Timeout(5, read=1)
        with httpx.stream("GET", url, headers=headers, timeout=timeout, trust_env=False) as answer:
            answer.raise_for_status()
            self.connected.set()
            for name, event_id, data in self._messages(answer):
                self._last_id = event_id
                self._count(name, json.loads(data))
                if self._stop.is_set():
                    return

    @staticmethod
    def _messages(answer: httpx.Response) -> Iterator[tuple[str, str, str]]:
        fields: dict[str, str] = {}
        for line in answer.iter_lines():
            if not line and "data" in fields:
                yield fields.get("event", "message"), fields.get("id", ""), fields["data"]
            if not line:
                fields = {}
                continue
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")

    def _count(self, name: str, item: dict[str, Any]) -> None:
        self.items.append((name, item, time.monotonic()))
        self.shown.setdefault(name, Counter())[identity(name, item)] += 1


def identity(name: str, item: dict[str, Any]) -> str:
    """What makes an item of the feed itself: an event's id, an alert's version, an order's step."""
    match name:
        case "event":
            return f"{item['device']}/{item['event_id']}"
        case "alert":
            return f"{item['alert_id']}/{item['version']}"
        case _:
            return json.dumps(item, sort_keys=True)
