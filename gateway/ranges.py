"""Which rows of a result a client asks for, and how the answer says which they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.errors import ApiError

if TYPE_CHECKING:
    from gateway.messages import Headers

# What is too large for PostgreSQL is PostgreSQL's to refuse; Python reads 4300 digits.
RANGE = re.compile(rb"([0-9]{1,4000})-([0-9]{0,4000})")
INTEGER = re.compile(r"-?[0-9]{1,4000}")
# The functions of the API answer with one value, which has one row.
ONE_ROW = 1
FIRST = b"0-0/*"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows from `offset` on, `limit` at most (all without one)."""

    offset: int = 0
    limit: int | None = None

    @property
    def everything(self) -> bool:
        """Say whether no row is left out."""
        return self.offset == 0 and self.limit is None

    def check_single(self) -> None:
        """Refuse to leave out the only row that there is.

        PostgREST answers null then, after a call that the client cannot see. An answer
        here is never empty, and a call that nobody wants to see is not made.

        :raises ApiError: 416 PGRST103.
        """
        if self.limit == 0:
            raise unsatisfiable("Limit should be greater than zero for a single value.")
        if self.offset >= ONE_ROW:
            raise out_of_bounds(self.offset, ONE_ROW)


ALL = Rows()


def read_rows(limit: str | None, offset: str | None, header: bytes | None) -> Rows:
    """Return the rows that query string and Range header name together.

    What is no number is ignored, as by PostgREST.

    :param header: the Range header of a GET; other methods have none.
    :raises ApiError: 416 PGRST103 for rows that cannot be.
    """
    if limit is None and offset is None and header is None:
        return ALL
    count = _integer(limit)
    lower = max(_integer(offset) or 0, 0)
    if count == 0:
        return Rows(0, 0)
    if count is not None and count < 0:
        raise unsatisfiable("Limit should be greater than or equal to zero.")
    upper = None if count is None else lower + count - 1
    if header is not None and (found := RANGE.fullmatch(header)):
        first, last = int(found[1]), int(found[2]) if found[2] else None
        if last is not None and last < first:
            raise unsatisfiable(
                "The lower boundary must be lower than or equal to the upper boundary"
                " in the Range header."
            )
        lower = max(lower, first)
        upper = min((u for u in (upper, last) if u is not None), default=None)
        if upper is not None and upper < lower:
            raise unsatisfiable("Limit should be greater than or equal to zero.")
    return Rows(lower, None if upper is None else upper - lower + 1)


def content_range(offset: int, count: int, total: int | None) -> bytes:
    """Write the Content-Range of `count` rows from `offset` on, of `total` if known."""
    if count == 1 and offset == 0 and total is None:
        return FIRST
    known = b"*" if total is None else b"%d" % total
    if count == 0 or total == 0:
        return b"*/" + known
    return b"%d-%d/%s" % (offset, offset + count - 1, known)


def partial_status(
    offset: int, count: int, total: int | None, *, headers: Headers
) -> int:
    """Return 206 when there is more than the answer holds, else 200.

    :param headers: what also a refusal says.
    :raises ApiError: 416 PGRST103 when the rows lie behind the last one.
    """
    if total is None:
        return 200
    if offset > total:
        raise out_of_bounds(offset, total, headers=headers)
    return 206 if count < total else 200


def unsatisfiable(details: str, *, headers: Headers | None = None) -> ApiError:
    """Build the refusal of rows that there cannot be."""
    return ApiError(
        416,
        "PGRST103",
        "Requested range not satisfiable",
        details=details,
        headers=headers,
    )


def out_of_bounds(
    offset: int, total: int, *, headers: Headers | None = None
) -> ApiError:
    """Build the refusal of rows behind the last one."""
    return unsatisfiable(
        f"An offset of {offset} was requested, but there are only {total} rows.",
        headers=headers,
    )


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and INTEGER.fullmatch(text) else None
