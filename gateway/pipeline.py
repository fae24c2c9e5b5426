"""A connection on which a whole transaction costs one round trip."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, TransactionStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGconn, PGresult

# Beyond this many, a connection's prepared statements are dropped and made anew.
PREPARED_MOST = 256

RV = TypeVar("RV")
Statement = tuple[bytes, "Sequence[bytes | None]"]


class RefusedError(Exception):
    """PostgreSQL reported an error: nothing of the transaction took effect."""

    def __init__(self, result: PGresult) -> None:
        def text(part: DiagnosticField) -> str | None:
            value = result.error_field(part)
            return None if value is None else value.decode(errors="replace")

        self.sqlstate = text(DiagnosticField.SQLSTATE) or ""
        self.message = text(DiagnosticField.MESSAGE_PRIMARY) or ""
        self.details = text(DiagnosticField.MESSAGE_DETAIL)
        self.hint = text(DiagnosticField.MESSAGE_HINT)
        super().__init__(self.sqlstate)

    @property
    def worth_retrying(self) -> bool:
        """Serialization failure or deadlock: the same call may succeed now."""
        return self.sqlstate in ("40001", "40P01")


class BrokenError(Exception):
    """The connection broke; `unknown` when the call may have been committed."""

    def __init__(self, *, unknown: bool) -> None:
        super().__init__()
        self.unknown = unknown


class Connection(psycopg.AsyncConnection[Any]):
    """A connection that runs a whole transaction in one round trip."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._names: dict[bytes, bytes] = {}
        self._numbers = itertools.count(1)
        # Behind a pooler that hands sessions around, another gateway's statement of the
        # same name would run. A name of our own is at worst unknown there.
        self._prefix = b"g%s_" % secrets.token_hex(6).encode()
        self._farewell = False
        # The event loop tells of whatever comes, once a transaction has run: to ask
        # for it anew with each one would cost more system calls than all the rest.
        self._watched: asyncio.AbstractEventLoop | None = None
        self._descriptor = -1
        self._writing = False
        self._transaction: Transaction | None = None
        self.add_notice_handler(self._notice)

    def _notice(self, notice: psycopg.errors.Diagnostic) -> None:
        # To an idle connection even the report of its end comes as a notice.
        if notice.severity_nonlocalized in ("FATAL", "PANIC"):
            self._farewell = True

    def is_alive(self) -> bool:
        """Look, without waiting, whether the server has hung up."""
        pgconn = self.pgconn
        if self._watched is None:
            try:
                # The first look may find a farewell, the second the end behind it.
                pgconn.consume_input()
                pgconn.is_busy()
                pgconn.consume_input()
            except psycopg.OperationalError:
                return False
        return pgconn.status == ConnStatus.OK and not self._farewell

    def is_idle(self) -> bool:
        """Say whether a transaction can begin."""
        return self.is_alive() and (
            self.pgconn.transaction_status == TransactionStatus.IDLE
        )

    async def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        """Let psycopg wait by itself, which watches the socket in its own way."""
        self._unwatch()
        return await super().wait(gen, *args, **kwargs)

    async def close(self) -> None:
        """Close the connection; the loop forgets its socket first."""
        self._unwatch()
        self._fail(psycopg.OperationalError("the connection is closed"))
        await super().close()

    def _watch(self) -> None:
        if self._watched is None:
            self._descriptor = self.pgconn.socket
            self._watched = asyncio.get_running_loop()
            self._watched.add_reader(self._descriptor, self._readable)

    def _unwatch(self) -> None:
        self._stop_writing()
        if self._watched is not None:
            loop, self._watched = self._watched, None
            loop.remove_reader(self._descriptor)

    def _readable(self) -> None:
        """Take what the server has sent: results, or to an idle connection its end."""
        try:
            if (transaction := self._transaction) is not None:
                if transaction.read(self.pgconn):
                    self._complete(transaction)
                return
            self.pgconn.consume_input()
            self.pgconn.is_busy()
            if self.pgconn.status != ConnStatus.OK:
                raise psycopg.OperationalError("the connection is lost")
        except psycopg.OperationalError as error:
            # The socket stays readable, and the loop would tell of it for ever.
            self._unwatch()
            self._fail(error)

    def begin(
        self,
        statements: Sequence[Statement],
        *,
        prepare: bool,
        free: Callable[[Connection], bool] | None = None,
    ) -> Transaction:
        """Send the statements as one transaction; its results are awaited later.

        They are sent together, up to the Sync that commits them: PostgreSQL treats
        what stands before a Sync as one transaction. So a call costs one round trip
        and neither BEGIN nor COMMIT, and it is committed when the Sync is answered.

        `free` is told at once when this connection can take the next one, and says
        whether it began one. What goes wrong is told by `Transaction.result`.
        """
        transaction = self._transaction = Transaction(self, free)
        pgconn = self.pgconn
        try:
            pgconn.enter_pipeline_mode()
            transaction.expected = self._send(statements, prepare=prepare)
            pgconn.pipeline_sync()
            transaction.sent = True
            self._watch()
            if pgconn.flush():
                self._writing = True
                asyncio.get_running_loop().add_writer(self._descriptor, self._writable)
        except psycopg.Error as error:
            self._fail(error)
        return transaction

    def _send(
        self, statements: Sequence[Statement], *, prepare: bool
    ) -> list[bytes | None]:
        """Queue the statements; return one item for each result that they will have.

        The item is the statement where the result says that it has been prepared.
        """
        pgconn, names = self.pgconn, self._names
        if not prepare:
            for statement, parameters in statements:
                pgconn.send_query_params(statement, parameters)
            return [None] * len(statements)
        expected: list[bytes | None] = []
        if len(names) > PREPARED_MOST:
            pgconn.send_query_params(b"DEALLOCATE ALL", None)
            names.clear()
            expected.append(None)
        for statement, parameters in statements:
            if (name := names.get(statement)) is None:
                name = names[statement] = self._prefix + b"%d" % next(self._numbers)
                pgconn.send_prepare(name, statement)
                expected.append(statement)
            pgconn.send_query_prepared(name, parameters)
            expected.append(None)
        return expected

    def _writable(self) -> None:
        """Send what the socket did not take yet."""
        try:
            if self.pgconn.flush() == 0:
                self._stop_writing()
        except psycopg.OperationalError as error:
            self._fail(error)

    def _stop_writing(self) -> None:
        if self._writing:
            self._writing = False
            asyncio.get_running_loop().remove_writer(self._descriptor)

    def _fail(self, error: psycopg.Error) -> None:
        """Have whoever waits for the transaction learn that there will be no more."""
        self._stop_writing()
        if (transaction := self._transaction) is not None:
            self._transaction = None
            self._forget_unprepared(transaction)
            transaction.end(error)

    def _complete(self, transaction: Transaction) -> None:
        """Leave a transaction that the server has answered whole, for the next one."""
        self.pgconn.exit_pipeline_mode()
        self._stop_writing()
        self._transaction = None
        self._forget_unprepared(transaction)
        transaction.end()
        if transaction.free is not None:
            transaction.passed_on = transaction.free(self)

    def _forget_unprepared(self, transaction: Transaction) -> None:
        results = transaction.results
        for place, statement in enumerate(transaction.expected):
            if statement is not None and (
                place >= len(results) or results[place].status != ExecStatus.COMMAND_OK
            ):
                self._names.pop(statement, None)


class Transaction:
    """A transaction that was sent, and the results that have come."""

    def __init__(
        self, connection: Connection, free: Callable[[Connection], bool] | None
    ) -> None:
        self.connection = connection
        self.free = free
        # One item for each result that its statements will have.
        self.expected: list[bytes | None] = []
        self.results: list[PGresult] = []
        self.sent = False
        # Whether its connection runs the next one already.
        self.passed_on = False
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self, error: psycopg.Error | None = None) -> None:
        """Let whoever waits for it go on."""
        if not self._done.done():
            if error is None:
                self._done.set_result(None)
            else:
                self._done.set_exception(error)

    async def result(self) -> PGresult:
        """Wait until it is committed; return the last statement's result.

        :raises RefusedError: PostgreSQL rolled back.
        :raises BrokenError: the connection broke, before or after the commit.
        """
        results, expected = self.results, self.expected
        try:
            await self._done
        except psycopg.OperationalError:
            if not any(map(_is_report, results[: len(expected)])):
                raise BrokenError(unknown=self.sent) from None
        for place, result in enumerate(results):
            if result.status == ExecStatus.FATAL_ERROR:
                if _is_fatal(result) and (place == 0 or place >= len(expected)):
                    # Hung up before the first statement, or after the last one.
                    raise BrokenError(unknown=place > 0)
                raise RefusedError(result)
        return results[len(expected) - 1]

    def read(self, pgconn: PGconn) -> bool:
        """Take what has come; say whether that was all.

        :raises psycopg.OperationalError: the connection is lost.
        """
        pgconn.consume_input()
        # One None ends each statement's results; two in a row: no more for now.
        gaps = 0
        while gaps < 2 and not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                gaps += 1
            elif result.status == ExecStatus.PIPELINE_SYNC:
                return True
            else:
                gaps = 0
                self.results.append(result)
        if pgconn.status != ConnStatus.OK:
            raise psycopg.OperationalError("the connection is lost")
        return False


def _is_report(result: PGresult) -> bool:
    """Say whether it is the server's error report (libpq makes up some of its own)."""
    return (
        result.status == ExecStatus.FATAL_ERROR
        and result.error_field(DiagnosticField.SQLSTATE) is not None
    )


def _is_fatal(result: PGresult) -> bool:
    severity = result.error_field(DiagnosticField.SEVERITY_NONLOCALIZED)
    return severity not in (b"ERROR", None) or not _is_report(result)
