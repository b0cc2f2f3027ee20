"""The API of this box, for commands: signed in as its administrator, or whoever is named."""

from __future__ import annotations

import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

from herun.settings import Settings
from herun.stack.folder import StackError, folder_at
from herun.stack.ports import LOOPBACK, USUAL_PORTS

TIMEOUT_S: Final = 30.0  # longer than the API thinks about any request
PASSWORD_FILE: Final = "admin-password"  # noqa: S105 - a file name
_TOLD: Final = 20  # errors of one refusal


class RefusedError(StackError):
    """The API has refused; `errors` are those of its answer, each with `loc` and `msg`."""

    def __init__(self, said: str, errors: list[dict[str, Any]]) -> None:
        super().__init__(said)
        self.errors = errors


class ApiClient:
    """A session of one command. Its methods raise StackError, a RefusedError with the API's own words."""

    def __init__(self, url: str | None, user: str, password_file: Path | None) -> None:
        settings = Settings()
        host = LOOPBACK if settings.host in {"0.0.0.0", "::"} else settings.host
        base = url or f"http://{f'[{host}]' if ':' in host else host}:{settings.api_port or USUAL_PORTS['api']}"
        self._http = httpx.Client(base_url=base, timeout=TIMEOUT_S, trust_env=False)
        self._user = user
        self._password_file = password_file or folder_at(settings.data_dir).root / PASSWORD_FILE

    def __enter__(self) -> Self:
        try:
            password = self._password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise StackError(
                f"the password of {self._user} cannot be read: {error}; name its --password-file"
            ) from error
        try:
            answer = self.call("POST", "/v1/sessions", {"username": self._user, "password": password})
        except StackError:
            self._http.close()
            raise
        self._http.headers["Authorization"] = f"Bearer {answer['access_token']}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def call(self, method: str, path: str, body: Any = None, **query: str | int | None) -> Any:
        """The JSON of an answer; query parameters that are None are left out."""
        headers = {} if method == "GET" else {"Idempotency-Key": uuid.uuid4().hex}
        params = {name: value for name, value in query.items() if value is not None}
        try:
            answer = self._http.request(method, path, json=body, params=params, headers=headers)
        except httpx.TransportError as error:
            raise StackError(
                f"nobody answers at {self._http.base_url}: {str(error) or type(error).__name__}"
            ) from error
        if answer.is_error:
            raise _refusal(method, path, answer)
        return answer.json()


def _refusal(method: str, path: str, answer: httpx.Response) -> RefusedError:
    try:
        problem = answer.json()
    except ValueError:
        return RefusedError(f"{method} {path}: {answer.status_code} {answer.text[:300]}", [])
    errors = problem.get("errors", [])
    lines = [f"  {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in errors[:_TOLD]]
    return RefusedError(
        "\n".join([f"{method} {path}: {answer.status_code} {problem.get('detail', '')}", *lines]), errors
    )
