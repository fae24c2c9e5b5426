"""The API's description where there is nothing to describe."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from gateway import openapi, pages
from gateway.errors import ApiError
from gateway.pages import Pages

if TYPE_CHECKING:
    from .conftest import Api


def test_without_a_database_there_is_no_description(serve: Any, reference: Api) -> None:
    """And none is sought by what libpq takes for granted."""
    with serve(postgrest_url=reference.url, DATABASE_URL="") as api:
        answer = api.get("/", token=None)
        assert (answer.status_code, answer.json()["code"]) == (404, "PGRST126")
        assert api.get("/docs", token=None).status_code == 200


def test_who_waits_for_a_database_that_is_away_waits_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What one was told is told to all; a moment later it is asked again."""
    asked = 0

    async def away(_: str) -> bytes:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.01)
        raise psycopg.OperationalError

    async def refused(served: Pages) -> None:
        with pytest.raises(ApiError, match="PGRST001"):
            await served.answer("GET", "/")

    async def scenario() -> None:
        served = Pages("postgresql://somewhere")
        await asyncio.gather(*(refused(served) for _ in range(5)))
        assert asked == 1
        monkeypatch.setattr(pages, "SHARED", -1)
        await refused(served)
        assert asked == 2

    monkeypatch.setattr(openapi, "describe", away)
    asyncio.run(scenario())
