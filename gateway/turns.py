"""The connections to one database, which calls take in turns."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from psycopg_pool import AsyncConnectionPool, PoolTimeout

from gateway.messages import Pool
from gateway.pipeline import Connection, Transaction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from psycopg.pq.abc import PGresult

    from gateway.pipeline import Statement

T = TypeVar("T", bound="Connection | Transaction")


class _Stack(deque[Connection]):
    """Idle connections, of which the one that came back last is taken first."""

    def popleft(self) -> Connection:
        return self.pop()


class _Pool(AsyncConnectionPool[Connection]):
    """A pool that gives out the connection used last.

    Its server process has the plans and the data of the call before at hand. In turns,
    as psycopg_pool has it, each call would meet the process that has idled longest.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pool = _Stack()


class _Turn(Generic[T]):
    """A call that waits for a connection, and what it begins on it."""

    def __init__(self, begin: Callable[[Connection], T]) -> None:
        self._begin = begin
        # What was begun; None where a connection may be taken from the pool.
        self.come: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()

    def begin_on(self, connection: Connection) -> None:
        """Begin at once, before whoever waits has heard of it."""
        self.come.set_result(self._begin(connection))


class Turns:
    """A pool of connections, and the calls for which none is left.

    A connection whose transaction has ended begins that of the call which has waited
    longest, before anything else is done with the answer: with few connections the
    server works all the time, and its processes stay in the processor's caches.
    The pool makes connections, and makes them anew.
    """

    def __init__(self, url: str, *, size: int, prepare: bool, **options: Any) -> None:
        self._size = size
        self._prepare = prepare
        # Connections in use, and those that somebody waits for in the pool itself.
        self._taken = 0
        self._waiting: deque[_Turn[Any]] = deque()
        self._pool = _Pool(
            url,
            connection_class=Connection,
            # The pipeline prepares; what psycopg prepared would be dropped by it.
            kwargs={"autocommit": True, "prepare_threshold": None},
            min_size=size,
            max_size=size,
            open=False,
            **options,
        )

    async def open(self) -> None:
        """Begin to connect; returns at once."""
        await self._pool.open()

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    async def check(self) -> None:
        """Replace idle connections that are broken."""
        await self._pool.check()

    def pool(self) -> Pool:
        """Tell of the connections, and of who waits for one."""
        stats = self._pool.get_stats()
        return Pool(
            size=stats["pool_size"],
            available=stats["pool_available"],
            waiting=stats["requests_waiting"] + len(self._waiting),
        )

    async def transact(
        self, statements: Sequence[Statement], *, within: float
    ) -> PGresult:
        """Run the statements as one transaction; return the last one's result.

        :raises PoolTimeout: no connection was free `within` so many seconds.
        :raises RefusedError: PostgreSQL rolled back.
        :raises BrokenError: the connection broke on the way.
        """
        transaction = await self._turn(
            lambda connection: connection.begin(
                statements, prepare=self._prepare, free=self._pass_on
            ),
            within,
        )
        try:
            return await transaction.result()
        finally:
            await self._end(transaction)

    @asynccontextmanager
    async def connection(self, *, within: float) -> AsyncIterator[Connection]:
        """Lend a connection, outside of a transaction.

        :raises PoolTimeout: none was free `within` so many seconds.
        """
        connection = await self._turn(lambda connection: connection, within)
        try:
            yield connection
        finally:
            await self._end(connection)

    async def _turn(self, begin: Callable[[Connection], T], within: float) -> T:
        """Begin something on a connection as soon as it is this call's turn."""
        deadline = asyncio.get_running_loop().time() + within
        if self._taken < self._size:
            self._taken += 1
        elif (begun := await self._wait(_Turn(begin), deadline)) is not None:
            return begun
        return begin(await self._take(deadline))

    async def _wait(self, turn: _Turn[T], deadline: float) -> T | None:
        self._waiting.append(turn)
        timer = asyncio.get_running_loop().call_at(deadline, self._expire, turn)
        try:
            return await turn.come
        except asyncio.CancelledError:
            # Too late: what has begun is ended.
            if turn.come.done() and not turn.come.cancelled():
                await self._end(turn.come.result())
            raise
        finally:
            timer.cancel()

    def _expire(self, turn: _Turn[Any]) -> None:
        if not turn.come.done():
            self._waiting.remove(turn)
            turn.come.set_exception(PoolTimeout("no connection was free in time"))

    async def _take(self, deadline: float) -> Connection:
        """Take a connection that lives from the pool, which may have to make it."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                connection = await self._pool.getconn(deadline - loop.time())
                if connection.is_alive():
                    return connection
                await connection.close()
                await self._pool.putconn(connection)
        except BaseException:
            self._leave()
            raise

    async def _end(self, begun: Connection | Transaction | None) -> None:
        """Pass the connection on, give it back, or leave it to who has it already."""
        if begun is None:
            self._leave()
            return
        if isinstance(begun, Transaction):
            if begun.passed_on:
                return
            # Where its results are still to come the pool closes the connection.
            begun.free = None
            begun = begun.connection
        if not self._pass_on(begun):
            try:
                await self._pool.putconn(begun)
            finally:
                self._leave()

    def _pass_on(self, connection: Connection) -> bool:
        """Let the call that has waited longest begin; say whether there was one."""
        if not connection.is_idle() or (turn := self._next()) is None:
            return False
        turn.begin_on(connection)
        return True

    def _leave(self) -> None:
        """Let the call that has waited longest ask the pool for a connection."""
        if (turn := self._next()) is None:
            self._taken -= 1
        else:
            turn.come.set_result(None)

    def _next(self) -> _Turn[Any] | None:
        while self._waiting:
            turn = self._waiting.popleft()
            # Who went away in the meantime is left out.
            if not turn.come.done():
                return turn
        return None
