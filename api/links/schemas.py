"""Secret links."""

from __future__ import annotations

from api.schema import Body, Moment, View


class MakeLink(Body):
    """POST .../links: nothing to say."""


class NewLink(View):
    """A link to one order: GET /v1/progress/link/{token}. The token is shown once and kept nowhere.

    `address` is the whole of it, where the site's is set (`HERUN_PUBLIC_URL`).
    """

    number: str
    token: str
    address: str | None
    expires_at: Moment


class Revoked(View):
    """How many links of the order do not work any more."""

    number: str
    links: int
