"""Refusals in PostgREST's shape, and the HTTP status of each SQLSTATE.

Codes are PostgREST's own where it has one; ``rpc/ERRORS.md`` lists the gateway's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gateway.messages import BODILESS, Response, whole
from gateway.phrases import phrased

if TYPE_CHECKING:
    from gateway.messages import Headers

RETRY_AFTER = (b"retry-after", b"1")
CHALLENGE = (b"www-authenticate", b"Bearer")
STATUS_LEAST, STATUS_MOST = 200, 599
FRAMING = frozenset({"content-length", "transfer-encoding"})

# The longest prefix that fits wins; what no prefix fits is 400.
STATUS_BY_SQLSTATE = {
    "08": 503,
    "09": 500,
    "0L": 403,
    "0P": 403,
    "21000": 500,
    "23503": 409,
    "23505": 409,
    "25": 500,
    "25006": 405,
    "28": 403,
    "2D": 500,
    "38": 500,
    "39": 500,
    "3B": 500,
    "40": 500,
    "42501": 403,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "53": 503,
    "53400": 500,
    "54": 500,
    "55": 500,
    "57": 500,
    "57P01": 503,
    "58": 500,
    "F0": 500,
    "HV": 500,
    "P0": 500,
    "P0001": 400,
    "XX": 500,
}


class ApiError(Exception):
    """A call that ends with PostgREST's error body."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: str | None = None,
        hint: str | None = None,
        headers: Headers | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.hint = hint
        self.headers = headers or []

    def response(self) -> Response:
        """Render the error as an HTTP answer."""
        body = json.dumps(
            {
                "code": self.code,
                "message": self.message,
                "details": self.details,
                "hint": self.hint,
            }
        ).encode()
        status = (b"proxy-status", b"PostgREST; error=" + _token(self.code))
        answer = whole(self.status, body, status)
        given = {name for name, _ in self.headers}
        kept = [pair for pair in answer.headers if pair[0] not in given] + self.headers
        if self.status in BODILESS:
            kept = [pair for pair in kept if not pair[0].startswith(b"content-")]
            return Response(self.status, kept)
        return Response(self.status, kept, body)


def _token(code: str) -> bytes:
    """Make a code safe for a structured header field (codes can be raised)."""
    kept = "".join(c for c in code if c.isascii() and (c.isalnum() or c in "_-."))
    return kept.encode() or b"unknown"


def unavailable(code: str, message: str, *, hint: str | None = None) -> ApiError:
    """Build the 503 of what is away for now."""
    return ApiError(503, code, message, hint=hint, headers=[RETRY_AFTER])


def connection_lost() -> ApiError:
    """Build the 503 of a database that is away for now."""
    return unavailable("PGRST001", "Database connection lost. Retrying the connection.")


def no_such_path() -> ApiError:
    """Build the 404 of a path that leads nowhere."""
    return ApiError(404, "PGRST125", "Invalid path specified in request URL")


def commit_unknown(key: str | None) -> ApiError:
    """Build the 503 of a call whose connection broke before COMMIT was confirmed.

    :param key: the call's idempotency key, which the answer names.
    """
    return ApiError(
        503,
        "commit_unknown",
        "The connection broke before the commit was confirmed",
        details=json.dumps({"idempotency_key": key}),
        hint="Repeat the call with the same p_idempotency_key: it is carried out once"
        if key
        else "The call had no p_idempotency_key: look whether it took effect",
        headers=[RETRY_AFTER],
    )


def http_status(sqlstate: str, message: str, *, anonymous: bool) -> int:
    """Return the HTTP status that PostgREST gives to a database error."""
    if sqlstate == "42501" and anonymous:
        return 401
    if sqlstate == "21000" and message.endswith("requires a WHERE clause"):
        return 400
    if (
        sqlstate == "22023"
        and message.startswith("role")
        and message.endswith("does not exist")
    ):
        return 401
    if sqlstate == "42883" and message.startswith("function xmlagg("):
        return 406
    if sqlstate.startswith("PT"):
        return phrased(checked_status(sqlstate[2:]) or 500, message)
    for length in (5, 2):
        if status := STATUS_BY_SQLSTATE.get(sqlstate[:length]):
            return status
    return 400


def checked_status(text: str) -> int | None:
    """Read an HTTP status; None unless it is one that an answer can carry."""
    if not (text.isascii() and text.isdigit()):
        return None
    status = int(text[:4])
    return status if STATUS_LEAST <= status <= STATUS_MOST else None


def database_error(
    sqlstate: str,
    message: str,
    *,
    details: str | None,
    hint: str | None,
    anonymous: bool,
) -> ApiError:
    """Turn what PostgreSQL reported into the answer that PostgREST would give."""
    if sqlstate == "PGRST":
        return _raised_answer(message, details)
    status = http_status(sqlstate, message, anonymous=anonymous)
    headers: Headers = []
    if status == 401:
        headers.append(CHALLENGE)
    if status == 503:
        headers.append(RETRY_AFTER)
    return ApiError(
        status, sqlstate, message, details=details, hint=hint, headers=headers
    )


def _raised_answer(message: str, details: str | None) -> ApiError:
    """Build the answer that RAISE SQLSTATE 'PGRST' describes."""
    needs_detail = (
        "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and "
        "optional key: 'status_text'."
    )
    body = json_object(message)
    texts = [body.get(key) for key in ("code", "message", "details", "hint")]
    if not (
        isinstance(texts[0], str)
        and isinstance(texts[1], str)
        and all(isinstance(text, str | None) for text in texts)
    ):
        return _malformed_raise(
            f"Invalid JSON value for MESSAGE: '{message}'",
            "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and "
            "optional keys: 'details', 'hint'.",
        )
    if details is None:
        return _malformed_raise(
            "DETAIL is missing in the RAISE statement", needs_detail
        )
    control = json_object(details)
    raw_status, raw_headers = control.get("status"), control.get("headers")
    status = None if isinstance(raw_status, bool) else checked_status(str(raw_status))
    headers = (
        header_list([{k: v} for k, v in raw_headers.items()])
        if isinstance(raw_headers, dict)
        else None
    )
    if status is None or headers is None:
        return _malformed_raise(
            f"Invalid JSON value for DETAIL: '{details}'", needs_detail
        )
    phrase = control.get("status_text")
    return ApiError(
        phrased(status, phrase if isinstance(phrase, str) else None),
        texts[0],
        texts[1],
        details=texts[2],
        hint=texts[3],
        headers=headers,
    )


def _malformed_raise(details: str, hint: str) -> ApiError:
    return ApiError(
        500,
        "PGRST121",
        "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error",
        details=details,
        hint=hint,
    )


def json_object(text: str | bytes) -> dict[str, Any]:
    """Return what an object in JSON holds; nothing for any other text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def header_list(value: object) -> Headers | None:
    """Read ``[{"Name": "value"}, …]``; None unless every pair can be sent.

    Those that frame the message are left out: that is not a function's to decide.
    """
    if not isinstance(value, list):
        return None
    headers: Headers = []
    for item in value:
        if not (isinstance(item, dict) and len(item) == 1):
            return None
        [(name, text)] = item.items()
        if not (isinstance(text, str) and _sendable(name, text)):
            return None
        if name.lower() not in FRAMING:
            headers.append((name.lower().encode(), text.encode()))
    return headers


def _sendable(name: str, text: str) -> bool:
    """Refuse what would break out of its header line."""
    token = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return token and all(" " <= c != "\x7f" or c == "\t" for c in text)
