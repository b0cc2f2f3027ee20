"""Laws of the status pages."""

from __future__ import annotations

import httpx

from herun.http_status import serve_status


async def get(port: int, path: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://127.0.0.1:{port}{path}")


async def test_a_service_that_is_not_ready_says_why() -> None:
    reasons = ["the stream is away"]

    async def ready() -> list[str]:
        return reasons

    async with serve_status(None, ready) as port:
        answer = await get(port, "/readyz")
        assert (answer.status_code, answer.json()) == (503, {"ready": False, "because": ["the stream is away"]})
        reasons.clear()
        answer = await get(port, "/readyz")
        assert (answer.status_code, answer.json()) == (200, {"ready": True, "because": []})


async def test_health_metrics_and_further_routes_are_served() -> None:
    async def ready() -> list[str]:
        return []

    async def route() -> dict[str, int]:
        return {"devices": 3}

    async with serve_status(None, ready, {"/devices": route}) as port:
        assert (await get(port, "/healthz")).status_code == 200
        assert "python_info" in (await get(port, "/metrics")).text
        assert (await get(port, "/devices")).json() == {"devices": 3}
        assert (await get(port, "/other")).status_code == 404
