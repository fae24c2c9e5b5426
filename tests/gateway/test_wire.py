"""An answer leaves in one piece, and nothing of it waits for long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from gateway.wire import Joining

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"


class Written(asyncio.Transport):
    """Keeps what is written to it, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[Any] = []

    def write(self, data: Any) -> None:
        self.pieces.append(data)

    def close(self) -> None:
        self.pieces.append("closed")


def written(do: Callable[[Joining, Written], None], *, turns: int) -> list[Any]:
    """What has left after so many turns of the loop."""

    async def run() -> list[Any]:
        target = Written()
        do(Joining(target, asyncio.get_running_loop()), target)
        for _ in range(turns):
            await asyncio.sleep(0)
        return list(target.pieces)

    return asyncio.run(run())


def test_head_and_body_leave_together() -> None:
    """One write, at once, and nothing after it."""

    def answer(transport: Joining, _: Written) -> None:
        transport.write(HEAD)
        transport.write(b"null")

    assert written(answer, turns=0) == [HEAD + b"null"]
    assert written(answer, turns=2) == [HEAD + b"null"]


@pytest.mark.parametrize("head", [HEAD, b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_head_waits_for_one_turn_of_the_loop(head: bytes) -> None:
    """The client of a stream, or one that asked whether to go on, learns of it."""
    assert written(lambda transport, _: transport.write(head), turns=0) == []
    assert written(lambda transport, _: transport.write(head), turns=2) == [head]


def test_a_head_leaves_before_the_end() -> None:
    """An answer without a body, on a connection that is not kept."""

    def answer(transport: Joining, _: Written) -> None:
        transport.write(HEAD)
        transport.close()

    assert written(answer, turns=0) == [HEAD, "closed"]


def test_a_stream_is_not_held_back() -> None:
    """Only a head waits: the second piece leaves when it is there."""

    def answer(transport: Joining, _: Written) -> None:
        transport.write(HEAD)
        transport.write(b"nu")
        transport.write(b"ll")

    assert written(answer, turns=0) == [HEAD + b"nu", b"ll"]
