"""Evidence packs."""

from __future__ import annotations

from api.schema import View


class EvidenceKey(View):
    """The public key that packs are signed with."""

    algorithm: str
    public_key: str
