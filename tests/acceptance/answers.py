"""What an answer must look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

KEYS = {"code", "message", "details", "hint"}
JSON = "application/json; charset=utf-8"


def accepted(response: httpx.Response, status: int = 200) -> Any:
    """The body of a success: JSON, never empty."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == JSON
    body = response.json()
    assert body is not None
    return body


def refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body of a refusal: PostgREST's four keys, each a string or null."""
    assert (response.status_code, response.json().get("code")) == (status, code), (
        response.text
    )
    assert response.headers["content-type"] == JSON
    body: dict[str, Any] = response.json()
    assert body.keys() == KEYS
    assert all(value is None or isinstance(value, str) for value in body.values())
    assert body["message"]
    return body
