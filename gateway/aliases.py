"""The paths of the API before this one, as a table of what they mean now.

An alias is answered as its RPC is, with a Link to it (RFC 8288). Arguments may have the
names of today or the same without `p_`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from gateway.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.messages import Headers, Request

HEALTH = "/health"
EXECUTE = "/v1/actions/execute"
# Path: the function that answers it, by GET.
READS: Mapping[str, str] = {
    "/v1/parts/low-stock": "low_stock_parts",
    "/v1/parts/suggestions": "part_suggestions",
    "/v1/actions/list": "action_list",
}
# Actions that EXECUTE took and that have another name now.
RETIRED: Mapping[str, str] = {
    "check_stock_level": "view_part_details",
    "log_part_usage": "consume_part",
}
# Where EXECUTE had the arguments: beside the action, or in one of these.
NESTED = ("context", "payload")


@dataclass(frozen=True, slots=True)
class Alias:
    """A way of the older API: its only method, and its function (None: in the body)."""

    method: str
    function: str | None


ALIASES: Mapping[str, Alias] = {
    EXECUTE: Alias("POST", None),
    **{path: Alias("GET", function) for path, function in READS.items()},
}


def translate(request: Request, path: str) -> None:
    """Turn a request for an alias into one for its RPC.

    :param path: one of `ALIASES`.
    :raises ApiError: 405 for another method, 400 for a body that names no action or is
        nested too deeply.
    """
    alias = ALIASES[path]
    if request.method != alias.method:
        raise ApiError(
            405,
            "PGRST101",
            f"Cannot use the {request.method} method on {path}",
            headers=[(b"allow", alias.method.encode())],
        )
    if alias.function is not None:
        request.function = alias.function
        pairs = parse_qsl(request.query.decode("latin-1"), keep_blank_values=True)
        request.query = urlencode([(_today(n), v) for n, v in pairs]).encode()
    else:
        try:
            request.function, arguments = _executed(request.body)
            request.body = json.dumps(arguments).encode()
        except RecursionError:
            raise ApiError(400, "PGRST102", "Empty or invalid json") from None
        # Whatever the client said that it is.
        request.replace_header(b"content-type", b"application/json")


def successor(function: str) -> Headers:
    """Name the RPC that a client of an alias should call."""
    path = f"/rpc/{quote(function, safe='')}"
    return [(b"link", f'<{path}>; rel="successor-version"'.encode())]


def _executed(body: bytes) -> tuple[str, dict[str, Any]]:
    try:
        given = json.loads(body)
    except ValueError:
        given = None
    action = given.get("action") if isinstance(given, dict) else None
    if not isinstance(action, str) or "/" in action or not action.isprintable():
        raise ApiError(
            400,
            "PGRST102",
            "The body names no action",
            hint='Send {"action": "consume_part", "yacht_id": …, "part_id": …, …}',
        )
    nested = [given.pop(name, None) for name in NESTED]
    del given["action"]
    arguments: dict[str, Any] = {}
    for group in (*nested, given):
        if isinstance(group, dict):
            arguments |= {_today(name): value for name, value in group.items()}
    return RETIRED.get(action, action), arguments


def _today(name: str) -> str:
    return name if name.startswith("p_") else f"p_{name}"
