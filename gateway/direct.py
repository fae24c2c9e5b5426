"""The direct route: calls become transactions on the tenant's database."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from typing import TYPE_CHECKING

from psycopg import sql

from gateway.arguments import idempotency_key
from gateway.catalogue import ISOLATION
from gateway.errors import (
    ApiError,
    checked_status,
    commit_unknown,
    connection_lost,
    database_error,
    header_list,
    json_object,
    unavailable,
)
from gateway.messages import BODILESS, VARIES, Headers, Response
from gateway.pipeline import BrokenError, RefusedError
from gateway.plan import Plan, check_rows, read_plan
from gateway.prefer import NONE
from gateway.ranges import content_range, partial_status
from gateway.statements import PLAIN, SCHEMA

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

    from gateway.catalogue import Catalogue, Settings
    from gateway.database import Database
    from gateway.messages import Pool, Request
    from gateway.pipeline import Statement
    from gateway.storage import Storage
    from gateway.tokens import Identity

logger = logging.getLogger("gateway.direct")

NO_ROWS_CODE = "22P02"  # what a cast that `gateway.statements` lets fail reports

ATTEMPTS = 4
PAUSE = 0.01  # seconds, before the second attempt; doubled, and jittered
# PostgreSQL keeps 63 bytes of an application_name; the first words take 10.
NAME_MOST = 53
# Secrets, which SQL has no business with.
WITHHELD = frozenset({b"authorization", b"apikey", b"cookie"})
SET_TIMEZONE = b"SELECT set_config('timezone', $1, true)"


class DirectRoute:
    """Answer calls from the database itself."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self.storage = storage
        self._database = database
        # Few: one for each role and distinct set of function settings.
        self._preludes: dict[tuple[str, Settings, Settings, bool], list[bytes]] = {}

    async def open(self) -> None:
        """Begin to connect."""
        await self._database.open()
        await self.storage.open()

    async def close(self) -> None:
        """Close all connections."""
        await self.storage.close()
        await self._database.close()

    def pool(self) -> Pool | None:
        """Tell of the database's connections."""
        return self._database.pool()

    async def ready(self, *, within: float = 0) -> bool:  # noqa: ARG002 - it is known
        """Say whether the database answers and its functions are known."""
        return self._database.ready

    async def call(self, request: Request, identity: Identity) -> Response:
        """Answer one call.

        :raises ApiError: for what PostgreSQL or the protocol refuses.
        """
        catalogue = self._database.catalogue
        if catalogue is None:
            raise unavailable(
                "PGRST002",
                "Could not query the database for the schema cache. Retrying.",
            )
        if request.method == "OPTIONS":
            return _options(catalogue, request.function)
        plan = read_plan(catalogue, request)
        call = plan.call
        read_only = request.method != "POST" or call.function.read_only
        statements = self._prelude(catalogue, request, identity, plan, read_only)
        statements.append((call.statement, plan.parameters))
        try:
            result = await self._run(statements, read_only=read_only)
            return _answer(request, plan, result, read_only=read_only)
        except RefusedError as refusal:
            if refusal.sqlstate == "42501" and not identity.anonymous:
                _log(logging.WARNING, "violation", request, refusal.sqlstate)
            if refusal.sqlstate == NO_ROWS_CODE and call.form != PLAIN:
                check_rows(plan, refusal.message)
            raise database_error(
                refusal.sqlstate,
                refusal.message,
                details=refusal.details,
                hint=refusal.hint,
                anonymous=identity.anonymous,
            ) from None
        except BrokenError as broken:
            if broken.unknown and not read_only:
                raise commit_unknown(idempotency_key(request)) from None
            raise connection_lost() from None

    async def _run(self, statements: list[Statement], *, read_only: bool) -> PGresult:
        for attempt in range(1, ATTEMPTS):
            try:
                return await self._database.transact(statements)
            except RefusedError as refusal:
                if not refusal.worth_retrying:
                    raise
            except BrokenError as broken:
                if broken.unknown and not read_only:
                    raise
            pause = PAUSE * 2 ** (attempt - 1)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        return await self._database.transact(statements)

    def _prelude(
        self,
        catalogue: Catalogue,
        request: Request,
        identity: Identity,
        plan: Plan,
        read_only: bool,
    ) -> list[Statement]:
        role_settings = catalogue.role_settings.get(identity.role, ())
        function_settings = plan.call.function.settings
        key = (identity.role, role_settings, function_settings, read_only)
        if (written := self._preludes.get(key)) is None:
            written = self._preludes[key] = _write_prelude(*key)
        context = [
            identity.claims,
            request.method.encode(),
            b"/rpc/" + request.function.encode(),
            _request_headers(request),
            b"part_lens " + request.request_id.encode()[:NAME_MOST],
        ]
        *first, last = written
        statements: list[Statement] = [(statement, ()) for statement in first]
        if (timezone := plan.preferences.timezone) is not None:
            statements.append((SET_TIMEZONE, [timezone.encode("latin-1")]))
        statements.append((last, context))
        return statements


def _write_prelude(
    role: str,
    role_settings: Settings,
    function_settings: Settings,
    read_only: bool,
) -> list[bytes]:
    """Write what precedes the call: the transaction's settings, the role last.

    Role settings come before the role, as in PostgREST, so that the login's right to
    set them counts. The response settings are emptied, lest a function that set them
    for the session answers for the next one.
    """
    settings = [
        ("search_path", SCHEMA),
        ("response.status", ""),
        ("response.headers", ""),
        # Withheld, but there: a function may read them as JSON.
        ("request.cookies", "{}"),
        *role_settings,
        *function_settings,
        *([("transaction_read_only", "on")] if read_only else []),
        ("role", role),
    ]
    isolation = [value for name, value in settings if name == ISOLATION]
    literals = [
        sql.SQL("set_config({}, {}, true)").format(name, value).as_string()
        for name, value in settings
        if name != ISOLATION
    ]
    bound = [
        f"set_config('request.{name}', ${place}, true)"
        for place, name in enumerate(("jwt.claims", "method", "path", "headers"), 1)
    ]
    # For pg_stat_activity: whose call this is that takes so long.
    bound.append("set_config('application_name', $5, true)")
    # In a subquery, whose volatile columns PostgreSQL computes though nobody asks for
    # them: all that is set is not sent back with each call.
    values = ", ".join(literals + bound)
    written = [f"SELECT FROM (SELECT {values} OFFSET 0) AS settings".encode()]
    if isolation:
        # Too late once a query has run, and no SELECT may set it.
        statement = sql.SQL("SET transaction_isolation = {}").format(isolation[-1])
        written.insert(0, statement.as_bytes())
    return written


def _request_headers(request: Request) -> bytes:
    headers = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in request.headers
        if name not in WITHHELD
    }
    headers["x-request-id"] = request.request_id
    return json.dumps(headers).encode()


def _options(catalogue: Catalogue, function: str) -> Response:
    by_get = catalogue.info(function)
    allow = b"OPTIONS,GET,HEAD,POST" if by_get else b"OPTIONS,POST"
    headers = [
        (b"content-length", b"0"),
        (b"access-control-allow-origin", b"*"),
        (b"allow", allow),
    ]
    return Response(200, headers)


def _answer(
    request: Request, plan: Plan, result: PGresult, *, read_only: bool
) -> Response:
    """Turn the call's row into the HTTP answer, its body byte for byte."""
    function = plan.call.function
    body = result.get_value(0, 0)
    given_status, given_headers = result.get_value(0, 1), result.get_value(0, 2)
    status, headers = _first_headers(plan, result)
    status = 204 if function.shape == "void" else status
    if given_status:
        status = _given_status(given_status)
        if read_only and status >= 400:
            _log(
                logging.INFO,
                "refused",
                request,
                json_object(body or b"").get("code"),
                status=status,
            )
    if function.shape == "void" or status in BODILESS:
        body = b""
    else:
        body = b"null" if body is None else body
        headers.append((b"content-type", plan.media.content_type))
        # PostgREST says which schema it was where the client had named one.
        if request.profile() is not None:
            headers.append((b"content-profile", SCHEMA.encode()))
    # The body of a refusal has its code, whether it is sent or not.
    if request.method != "HEAD" and status not in BODILESS:
        headers.append((b"content-length", b"%d" % len(body)))
    if given_headers:
        headers = _with_given(headers, given_headers)
    return Response(status, headers, body)


def _first_headers(plan: Plan, result: PGresult) -> tuple[int, Headers]:
    """Return status and headers of the rows that were asked for."""
    count, offset = int(result.get_value(0, 3) or b"1"), plan.rows.offset
    if (preferences := plan.preferences) is NONE:
        return 200, [(b"content-range", content_range(offset, count, None)), VARIES]
    total = None
    if preferences.counted:
        total = int(result.get_value(0, 4) or b"0") if plan.call.form.counted else 1
    headers: Headers = [
        (b"content-range", content_range(offset, count, total)),
        VARIES,
    ]
    if preferences.applied:
        headers.append((b"preference-applied", preferences.applied))
    return partial_status(offset, count, total, headers=headers), headers


def _given_status(given: bytes) -> int:
    status = checked_status(given.decode(errors="replace"))
    if status is None:
        raise ApiError(
            500, "PGRST112", "response.status guc must be a valid status code"
        )
    return status


def _with_given(headers: Headers, given: bytes) -> Headers:
    try:
        pairs = header_list(json.loads(given))
    except (ValueError, RecursionError):
        pairs = None
    if pairs is None:
        raise ApiError(
            500,
            "PGRST111",
            "response.headers guc must be a JSON array composed of objects with a"
            " single key and a string value",
        )
    names = {name for name, _ in pairs}
    return [pair for pair in headers if pair[0] not in names] + pairs


def _log(
    level: int, message: str, request: Request, code: object, **more: object
) -> None:
    fields = {
        "code": code,
        "function": request.function,
        "request_id": request.request_id,
        **more,
    }
    logger.log(level, message, extra={"fields": fields})
