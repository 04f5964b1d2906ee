"""The layer around the routes, over an application whose services are not open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from api import errors
from api.app import create_app
from api.middleware import Envelope
from core.settings import Settings


async def _unused(_error: Exception) -> None:
    """Nothing opens here, so nothing fails to."""


@pytest.fixture
async def starting() -> AsyncIterator[httpx.AsyncClient]:
    """The service before its models are loaded; a body may have 1,000 bytes."""
    settings = Settings.model_validate({"server": {"max_body_bytes": 1000}})
    async with _calling(create_app(settings, on_failure=_unused)) as api:
        yield api


def _calling(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://service")


async def _pieces(size: int, *, first: bytes = b'{"question": "') -> AsyncIterator[bytes]:
    yield first
    for _ in range(size // 100):
        yield b"x" * 100
    yield b'"}'


async def test_while_it_starts_it_is_alive_but_not_ready(starting: httpx.AsyncClient) -> None:
    assert (await starting.get("/healthz")).status_code == 200
    for response in (await starting.get("/readyz"), await starting.post("/v1/ask", json={"question": "x"})):
        assert (response.status_code, response.json()["code"]) == (503, "not_ready")


async def test_a_large_body_is_refused_when_declared(starting: httpx.AsyncClient) -> None:
    response = await starting.post("/v1/ask", json={"question": "x" * 1000})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


async def test_a_large_body_is_refused_when_it_comes_in_pieces(starting: httpx.AsyncClient) -> None:
    response = await starting.post("/v1/ask", content=_pieces(5000), headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]


async def test_a_large_upload_is_refused_when_it_comes_in_pieces(starting: httpx.AsyncClient) -> None:
    first = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = await starting.post("/v1/documents", content=_pieces(5000, first=first), headers=headers)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


async def _dripping(pause_s: float) -> AsyncIterator[bytes]:
    """Long enough for no limit but the one on time."""
    for _ in range(200):
        yield b" "
        await asyncio.sleep(pause_s)


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/documents", "/v1/chat/completions"])
async def test_a_body_that_drips_in_is_refused_at_the_deadline(path: str) -> None:
    settings = Settings.model_validate({"server": {"body_s": 0.2}})
    async with _calling(create_app(settings, on_failure=_unused)) as api, asyncio.timeout(5):
        response = await api.post(path, content=_dripping(0.05), headers={"Content-Type": "application/json"})
    assert response.status_code == 408
    assert "too_slow" in response.text
    assert "COPILOT_SERVER__BODY_S" in response.text


async def test_an_answer_may_take_longer_than_a_body() -> None:
    app = FastAPI()
    app.add_middleware(Envelope, max_body_bytes=1000, body_s=0.1)

    @app.post("/slow")
    async def slow(request: Request) -> StreamingResponse:
        await request.body()

        async def pieces() -> AsyncIterator[str]:
            for _ in range(4):
                await asyncio.sleep(0.1)
                yield "x"

        return StreamingResponse(pieces())

    async with _calling(app) as api:
        assert (await api.post("/slow", content=b"asked")).text == "xxxx"


async def test_a_body_within_the_limit_passes_in_pieces(starting: httpx.AsyncClient) -> None:
    response = await starting.post("/v1/ask", content=_pieces(900), headers={"Content-Type": "application/json"})
    assert response.json()["code"] == "not_ready"


async def test_a_crash_is_a_problem_with_the_headers_and_without_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    app = FastAPI()
    errors.install(app)
    app.add_middleware(Envelope, max_body_bytes=1000)

    @app.get("/crash")
    async def crash() -> None:
        raise ValueError("the secret word is swordfish")

    async with _calling(app) as api:
        response = await api.get("/crash")
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert "swordfish" not in response.text
    assert response.headers["content-security-policy"]
    assert "request_crashed" in "".join(capsys.readouterr())


async def test_a_crash_after_the_first_byte_is_no_second_response() -> None:
    app = FastAPI()
    app.add_middleware(Envelope, max_body_bytes=1000)

    @app.get("/torn")
    async def torn() -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            yield "first"
            raise ValueError("too late")

        return StreamingResponse(pieces())

    async with _calling(app) as api:
        with pytest.raises(ValueError, match="too late"):
            await api.get("/torn")
