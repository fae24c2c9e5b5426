"""What a gateway saw, counted in windows of time and reported to the database.

SQL decides what of it is an error and what follows from it; here it is counted. A
window follows the one before without a gap, is sent until the database has it, and is
given up only when more are waiting than are kept: what is missing then is a gap that
SQL sees.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import uuid
from bisect import bisect_left
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gateway.errors import ApiError
from gateway.messages import Request
from gateway.tasks import end
from gateway.tokens import Identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.messages import Headers, Response, Route

logger = logging.getLogger("gateway.windows")

# Milliseconds, inclusive; as private.latency_bounds() has them.
BOUNDS = (
    *(1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 250, 300, 350, 400),
    *(450, 500, 600, 750, 1000, 1250, 1500, 2000, 3000, 5000, 10000, 30000, 60000),
)
REPORT = "report_canary_window"
SERVICE = Identity("service_role", b'{"role":"service_role"}')
ABORTED = "aborted"
# What clients can make up of function names and codes must not fill the memory.
NAMES_MOST = 256
# A function's name as the API has them: SQL takes no report with any text in it.
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# Codes of refusals before anyone looked whether there is such a function.
UNSEEN = ("PGRST", "body_too_large")
# At ten seconds each, two hours.
WAITING_MOST = 720
# Seconds that a report may take, and the last one.
PATIENCE, FAREWELL = 30.0, 2.0


@dataclass(slots=True)
class Counts:
    """The calls of one function."""

    statuses: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    latency: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    # Whether an answer has shown that there is such a function.
    exists: bool = False

    def refuse(self, code: str) -> None:
        """Count what a refusal says."""
        if code in self.codes or len(self.codes) < NAMES_MOST:
            self.codes[code] += 1

    def report(self) -> dict[str, Any]:
        """Return them as the database takes them."""
        return {
            "statuses": dict(self.statuses),
            "codes": dict(self.codes),
            "latency": self.latency,
        }


class Windows:
    """Counts calls until a window is cut off, and then those of the next one."""

    def __init__(self, *, clock: Callable[[], datetime] | None = None) -> None:
        self._clock = clock or (lambda: datetime.now(UTC))
        self._instance = str(uuid.uuid4())
        self._began = self._clock()
        self._functions: dict[str, Counts] = {}

    def record(
        self,
        function: str,
        status: int | None,
        seconds: float,
        *,
        code: str | None = None,
    ) -> None:
        """Count a call, with the parameters of `gateway.observation.observe`."""
        exists = _shows_function(status, code)
        counts = self._functions.get(function)
        if counts is None:
            if not (NAME.fullmatch(function) and self._has_room(for_function=exists)):
                return
            counts = self._functions[function] = Counts()
        counts.exists |= exists
        counts.statuses[ABORTED if status is None else str(status)] += 1
        # What the codes of failures say of a call is said by its status.
        if code is not None and status is not None and status < 500:
            counts.refuse(code)
        counts.latency[bisect_left(BOUNDS, seconds * 1000)] += 1

    def _has_room(self, *, for_function: bool) -> bool:
        """Say whether one more name can be counted; made-up ones give way."""
        if len(self._functions) < NAMES_MOST:
            return True
        made_up = (name for name, c in self._functions.items() if not c.exists)
        if for_function and (name := next(made_up, None)) is not None:
            del self._functions[name]
            return True
        return False

    def cut(self, *, last: bool = False) -> bytes:
        """End the window; return its report and begin the next one."""
        began, functions = self._began, self._functions
        # A clock that was set back does not end a window before it began.
        self._began = max(self._clock(), began + timedelta(milliseconds=1))
        self._functions = {}
        return json.dumps(
            {
                "p_instance_id": self._instance,
                "p_started_at": began.isoformat(),
                "p_ended_at": self._began.isoformat(),
                "p_latency_bounds": BOUNDS,
                "p_actions": {n: c.report() for n, c in functions.items()},
                "p_is_last": last,
            }
        ).encode()


def _shows_function(status: int | None, code: str | None) -> bool:
    """Say whether only a function that exists is answered so."""
    if status is None or status < 400:
        return status is not None
    return code is not None and not code.startswith(UNSEEN)


class Reporter:
    """Sends the windows of one tenant to its database."""

    def __init__(
        self,
        windows: Windows,
        route: Route,
        *,
        seconds: float,
        authorization: Callable[[Identity], str] | None = None,
        owns_route: bool = False,
    ) -> None:
        """Take how long a window is, and what signs a service's token, if any.

        :param owns_route: whether the route is for reports alone, to open and to close.
        """
        self._windows = windows
        self._route = route
        self._seconds = seconds
        self._authorization = authorization
        self._owns_route = owns_route
        self._waiting: deque[bytes] = deque(maxlen=WAITING_MOST)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to report."""
        if self._owns_route:
            await self._route.open()
        self._task = asyncio.create_task(self._run(), name="windows")

    async def stop(self) -> None:
        """Report what was counted last, if the database takes it now."""
        if self._task is None:
            return
        await end(self._task)
        self._keep(self._windows.cut(last=True))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._flush(), FAREWELL)
        if self._owns_route:
            await self._route.close()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            self._keep(self._windows.cut())
            await self._flush()

    def _keep(self, report: bytes) -> None:
        if len(self._waiting) == WAITING_MOST:
            logger.warning("window lost", extra={"fields": {"reason": "too many wait"}})
        self._waiting.append(report)

    async def _flush(self) -> None:
        """Send what waits, oldest first, until one cannot be sent now."""
        while self._waiting:
            report = self._waiting[0]
            try:
                async with asyncio.timeout(PATIENCE):
                    status, body = await self._send(report)
            except TimeoutError:
                return
            except ApiError as error:
                status, body = error.status, error.code.encode()
            except Exception:
                logger.exception("bug")
                return
            if status >= 500:
                return
            if status >= 400:
                # It would be refused again.
                fields = {"reason": body.decode(errors="replace")[:1000]}
                logger.warning("window lost", extra={"fields": fields})
            # While it was sent, the oldest may have been given up.
            with suppress(ValueError):
                self._waiting.remove(report)

    async def _send(self, report: bytes) -> tuple[int, bytes]:
        headers: Headers = [(b"content-type", b"application/json")]
        if self._authorization is not None:
            token = self._authorization(SERVICE)
            headers.append((b"authorization", token.encode()))
        request = Request(
            method="POST", function=REPORT, query=b"", headers=headers, body=report
        )
        response = await self._route.call(request, SERVICE)
        return response.status, await whole_body(response)


async def whole_body(response: Response) -> bytes:
    """Read a streamed answer's body; afterwards the answer has it."""
    if not isinstance(response.body, bytes):
        response.body = b"".join([chunk async for chunk in response.body])
    return response.body
