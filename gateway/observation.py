"""What is kept of a call that has ended: for Prometheus, and for the canary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway import metrics

if TYPE_CHECKING:
    from gateway.messages import Request

_CODE = re.compile(rb'"code"\s*:\s*"([A-Za-z0-9_]{1,64})"')


def observe(
    request: Request, status: int | None, seconds: float, body: bytes = b""
) -> None:
    """Count a call.

    :param status: the answer's; None for a call that got none, or not all of it.
    :param seconds: from the request's head to the answer's end.
    :param body: the answer's beginning, in which the code of a refusal is found.
    """
    refused = status is not None and status >= 400
    found = _CODE.search(body) if refused else None
    code = found[1].decode() if found else None
    metrics.count(request.function, status, seconds, code=code)
    if request.windows is not None and _is_of_an_action(request, status):
        request.windows.record(request.function, status, seconds, code=code)


def _is_of_an_action(request: Request, status: int | None) -> bool:
    """Tell v1's calls and questions from ours; a 401 never reached an action."""
    asks = request.method == "OPTIONS" or not request.function
    return request.is_ours and not asks and status != 401
