"""Tells a story on a running stack: people do what it says, step by step, and what they are shown is as it says."""

from __future__ import annotations

import asyncio
import io
import json
import re
import sys
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from herun.clock import Clock
from simulators.answers import holds
from simulators.api import Person, RefusedError
from simulators.ears import Ears, notice_topic
from simulators.moments import resolved
from simulators.photo import photo
from simulators.steps import AtOnce, Does, Hears, Keeps, Listens, Open311, Photographs, Sees, Step, Verifies
from simulators.waiting import pause

PATIENCE_S: Final = 60.0  # machine's seconds until what is to be seen is seen, on a busy machine
_BRIGHT: Final = {"before": 90, "after": 220, "evidence": 150}  # how bright a picture is
LOOK_S: Final = 0.4  # machine's seconds between two looks
SHOWN: Final = 1_500  # characters of what was seen instead
_KEPT: Final = re.compile(r"\$\{([a-z][\w -]*)\}")

Answer = tuple[int, Any]  # the status and the body of what the system said


class StoryError(Exception):
    """The story does not go on: something is not as it says."""


@dataclass
class Teller:
    """Who is in a story, and what was kept of it so far."""

    site: str
    people: Mapping[str, Person]
    http: httpx.AsyncClient
    broker: tuple[str, int]
    clock: Clock
    kept: dict[str, Any] = field(default_factory=dict)
    _ears: dict[str, Ears] = field(default_factory=dict)

    async def tell(self, steps: Iterable[Step]) -> None:
        """Every step, each after the one before. Raises StoryError with the step that is not as it says."""
        async with AsyncExitStack() as apps:
            for n, step in enumerate(steps, start=1):
                try:
                    await self._step(step, apps)
                except (StoryError, RefusedError, httpx.TransportError) as error:
                    raise StoryError(f"step {n}, {step!r:.300}: {error}") from error

    async def _step(self, step: Step, apps: AsyncExitStack) -> None:
        match step:
            case Does():
                await self._done(step, self._do(step))
            case Sees():
                await self._seen(step, lambda: self._said(self._person(step.who).get(self._path(step.get))))
            case Photographs():
                path = self._path(f"work-orders/{step.photographs}/pictures")
                await self._person(step.who).post(path, photo(_BRIGHT[step.kind]), kind=step.kind)
            case AtOnce():
                await self._at_once(step)
            case Open311():
                await self._ask(step)
            case Listens():
                await self._listen(step, apps)
            case Hears():
                await self._hear(step)
            case Verifies():
                await self._verify(step)

    def _person(self, who: str) -> Person:
        return self.people[who]

    def _text(self, value: Any) -> Any:
        """The value with what was kept, and with moments from now on."""
        if isinstance(value, dict):
            return {name: self._text(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._text(each) for each in value]
        if not isinstance(value, str):
            return value
        whole = _KEPT.fullmatch(value)
        if whole is not None and whole[1] in self.kept:
            return self.kept[whole[1]]
        filled = _KEPT.sub(lambda found: str(self.kept.get(found[1], found[0])), value)
        return resolved(filled, self.clock.now_us())

    def _path(self, path: str) -> str:
        filled = str(self._text(path))
        return filled if filled.startswith("/") else f"/v1/sites/{self.site}/{filled}"

    async def _do(self, step: Does) -> Answer:
        method, path = step.call.split(" ", 1)
        return await self._said(self._person(step.who).send(method, self._path(path), self._text(step.body)))

    async def _said(self, asking: Awaitable[Any]) -> Answer:
        try:
            return 200, await asking
        except RefusedError as error:
            return error.status, error.problem

    async def _done(self, step: Does | Open311, asking: Awaitable[Answer]) -> None:
        self._is_as(step, await asking)

    async def _seen(self, step: Sees | Open311, ask: Callable[[], Awaitable[Answer]]) -> None:
        """Asks again until it is as the step says."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + PATIENCE_S
        while not self._fits(step, answer := await ask()) and loop.time() < deadline_s:
            await pause(asyncio.Event(), LOOK_S)
        self._is_as(step, answer)

    def _fits(self, step: Does | Sees | Open311, answer: Answer) -> bool:
        status, body = answer
        as_expected = status == step.refused if step.refused is not None else status < httpx.codes.BAD_REQUEST
        return as_expected and (step.has is None or holds(self._text(step.has), body))

    def _is_as(self, step: Does | Sees | Open311, answer: Answer) -> None:
        if not self._fits(step, answer):
            raise StoryError(f"said {answer[0]} {json.dumps(answer[1], ensure_ascii=False)[:SHOWN]}")
        self._keep(step.keeps, answer[1])

    def _keep(self, keeps: Keeps, body: Any) -> None:
        for name, path in keeps.items():
            self.kept[name] = at_path(body, path)

    async def _at_once(self, step: AtOnce) -> None:
        answers = await asyncio.gather(*(self._do(each) for each in step.at_once))
        quicker, slower = [], []
        for each, (status, body) in zip(step.at_once, answers, strict=True):
            if status < httpx.codes.BAD_REQUEST:
                quicker.append(each.who)
            elif status == each.refused:
                slower.append(each.who)
            else:
                raise StoryError(f"{each.who} was told {status} {json.dumps(body, ensure_ascii=False)[:SHOWN]}")
        if len(quicker) != step.taken:
            raise StoryError(f"{len(quicker)} were taken: {quicker}")
        for names, whos in ((step.quicker, quicker), (step.slower, slower)):
            self.kept |= {name: self.people[who].username for name, who in zip(names, whos, strict=False)}

    async def _ask(self, step: Open311) -> None:
        method, path = step.open311.split(" ", 1)
        url = f"/open311/v2/{self._text(path)}"

        async def ask() -> Answer:
            answer = await self.http.request(method, url, data=self._text(step.form))
            return answer.status_code, from_xml(answer.text) if ".xml" in url else answer.json()

        await (self._seen(step, ask) if method == "GET" else self._done(step, ask()))

    async def _listen(self, step: Listens, apps: AsyncExitStack) -> None:
        person = self._person(step.listens)
        if step.listens not in self._ears:
            ears = Ears(*self.broker, person, await person.token())
            self._ears[step.listens] = await apps.enter_async_context(ears)
        of = self._person(step.refused_to or step.listens).username
        allowed = await self._ears[step.listens].subscribe(notice_topic(self.site, of))
        if allowed is (step.refused_to is not None):
            raise StoryError("was allowed" if allowed else "was not allowed")

    async def _hear(self, step: Hears) -> None:
        ears = self._ears[step.hears]
        try:
            async with asyncio.timeout(PATIENCE_S if step.has else 0):
                while not holds(self._text(step.has), ears.heard):
                    await ears.more()
        except TimeoutError as error:
            raise StoryError(f"heard {ears.heard}") from error

    async def _verify(self, step: Verifies) -> None:
        person = self._person(step.who)
        key = (await person.get("/v1/evidence-key"))["public_key"]
        pack = await person.download(self._path(step.verifies))
        said = await verified(pack, key)
        if said is not None:
            raise StoryError(said)
        if await verified(pack.replace(b"order.json", b"other.json"), key) is None:
            raise StoryError("what was changed afterwards was called as it was signed")
        with zipfile.ZipFile(io.BytesIO(pack)) as files:
            texts = {name: files.read(name).decode() for name in files.namelist()}
        shown = [hidden for hidden in self._text(list(step.hides)) if any(hidden in text for text in texts.values())]
        if shown:
            raise StoryError(f"it shows {shown}")
        for name, wanted in (step.has or {}).items():
            if not holds(self._text(wanted), json.loads(texts[name])):
                raise StoryError(f"{name} is {texts[name][:SHOWN]}")


async def verified(pack: bytes, key: str) -> str | None:
    """None if `herun audit verify-pack` says that the pack is as it was signed, else its words."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pack.zip"
        file.write_bytes(pack)
        command = [sys.executable, "-m", "herun.stack", "audit", "verify-pack", str(file), "--key", key]
        program = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await program.communicate()
    return None if program.returncode == 0 else said.decode()


def at_path(body: Any, path: str) -> Any:
    """What stands at fields and places, `items.0.id`. Raises StoryError if nothing does."""
    for part in path.split(".") if path else ():
        try:
            body = body[int(part) if isinstance(body, list) else part]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise StoryError(f"there is no {path} in the answer") from error
    return body


def from_xml(text: str) -> Any:
    """{child: text, or the same of its children}; what stands in lists (a request, a service ...) is a list."""
    return _read(ET.fromstring(text))  # noqa: S314 - our own API wrote it, and expat expands no entities without end


_LISTED: Final = frozenset({"request", "service", "error", "request_update", "attribute"})


def _read(element: ET.Element) -> Any:
    if not len(element):
        return element.text
    found: dict[str, Any] = {}
    for child in element:
        value = _read(child)
        if child.tag in _LISTED:
            found.setdefault(child.tag, []).append(value)
        else:
            found[child.tag] = value
    return found
