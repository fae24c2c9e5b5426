"""Read a parts catalogue from a CSV file, as people and spreadsheets write them.

UTF-8 with or without a mark; separated by comma, semicolon or tab; the column names in
any order, case and surrounding blanks. What the values mean is the database's business:
here they only become text, whole numbers and booleans.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Value: TypeAlias = str | int | bool

DELIMITERS = (",", ";", "\t")
REQUIRED = ("part_number", "name")

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_YES = frozenset({"true", "t", "yes", "y", "1", "x"})
_NO = frozenset({"false", "f", "no", "n", "0"})


class CatalogueError(Exception):
    """The file as a whole is unusable; the message says why and what to do."""


class Refusal(TypedDict):
    """A row that is not taken, as `import_parts` says it too.

    `line` is that of the file; `reason` goes on where `field`, the column, ends.
    """

    line: int
    code: str
    reason: str
    field: str | None


@dataclass(frozen=True)
class Catalogue:
    """What a file holds.

    `rows` are objects as `import_parts` takes them, each with its `line`; `refused`
    are the rows that cannot be sent; `digest` is the SHA-256 of the file, in hex.
    """

    rows: tuple[dict[str, Value], ...]
    refused: tuple[Refusal, ...]
    digest: str


class _RowError(Exception):
    def __init__(self, code: str, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.field = field

    def refusal(self, line: int) -> Refusal:
        return Refusal(line=line, code=self.code, reason=self.reason, field=self.field)


def _text(value: str) -> Value:
    return value


def _whole_number(code: str) -> Callable[[str], Value]:
    def convert(value: str) -> Value:
        # No thousands separators and no decimals: "1.000" is one in London and a
        # thousand in Hamburg, and a guess here would be a wrong stock.
        if not _WHOLE_NUMBER.fullmatch(value):
            raise _RowError(code, f"is not a whole number: {value[:40]!r}")
        return int(value)

    return convert


def _boolean(value: str) -> Value:
    if value.lower() in _YES:
        return True
    if value.lower() in _NO:
        return False
    raise _RowError("invalid_value", f"is neither yes nor no: {value[:40]!r}")


COLUMNS: dict[str, Callable[[str], Value]] = {
    "part_number": _text,
    "name": _text,
    "description": _text,
    "manufacturer": _text,
    "category": _text,
    "unit": _text,
    "barcode": _text,
    "min_level": _whole_number("invalid_level"),
    "max_level": _whole_number("invalid_level"),
    "is_critical": _boolean,
    "location": _text,
    "opening_quantity": _whole_number("invalid_quantity"),
}


def read_catalogue(path: Path) -> Catalogue:
    """Read the catalogue in `path`.

    Raises CatalogueError if the file cannot be read, is not UTF-8 or not CSV, has an
    unknown, a repeated or no required column, or no rows.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CatalogueError(f"{path}: {error.strerror}") from error
    try:
        return parse_catalogue(content)
    except CatalogueError as error:
        raise CatalogueError(f"{path}: {error}") from error


def parse_catalogue(content: bytes) -> Catalogue:
    """Read the catalogue that `content` holds; raises CatalogueError."""
    text = _decode(content)
    records = _records(text, _delimiter(text))
    header = _header(next(records, (1, []))[1])
    rows: list[dict[str, Value]] = []
    refused: list[Refusal] = []
    first_lines: dict[str, int] = {}
    for line, cells in records:
        try:
            row = _row(header, cells)
            _refuse_repetition(row, line, first_lines)
        except _RowError as error:
            refused.append(error.refusal(line))
        else:
            rows.append({"line": line, **row})
    if not rows and not refused:
        raise CatalogueError("there are no rows under the header")
    return Catalogue(tuple(rows), tuple(refused), hashlib.sha256(content).hexdigest())


def _decode(content: bytes) -> str:
    if b"\0" in content:
        raise CatalogueError("this is not a CSV file in UTF-8; save it as 'CSV UTF-8'")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CatalogueError(
            f"line {line} is not UTF-8; save the file as 'CSV UTF-8'"
        ) from error


def _delimiter(text: str) -> str:
    """The separator under which the first line holds the most known columns."""

    def known(delimiter: str) -> tuple[int, int]:
        try:
            cells = next(_records(text, delimiter), (1, []))[1]
        except CatalogueError:
            return 0, 0
        return len(COLUMNS.keys() & {_column(cell) for cell in cells}), len(cells)

    return max(DELIMITERS, key=known)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line that it starts on; blank lines are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise CatalogueError(f"line {line} is not valid CSV: {error}") from error


def _column(cell: str) -> str:
    return cell.strip().lower()


def _header(cells: Sequence[str]) -> list[str]:
    header = [_column(cell) for cell in cells]
    while header and not header[-1]:
        header.pop()
    if not header:
        raise CatalogueError("the file is empty")
    unknown = [name for name in header if name not in COLUMNS]
    if unknown:
        named = ", ".join(repr(name) for name in unknown)
        raise CatalogueError(
            f"unknown column {named}; the columns are: {', '.join(COLUMNS)}"
        )
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise CatalogueError(f"the column {', '.join(repeated)} stands there twice")
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise CatalogueError(f"there is no column {' and no column '.join(missing)}")
    return header


def _row(header: Sequence[str], cells: Sequence[str]) -> dict[str, Value]:
    """The row as an object without its empty cells."""
    if any(cell.strip() for cell in cells[len(header) :]):
        raise _RowError(
            "invalid_row",
            f"{len(cells)} cells under {len(header)} columns; "
            "text that holds the separator needs quotes",
        )
    row: dict[str, Value] = {}
    for name, cell in zip(header, cells, strict=False):
        value = cell.strip()
        if value:
            try:
                row[name] = COLUMNS[name](value)
            except _RowError as error:
                raise _RowError(error.code, error.reason, name) from error
    return row


def _refuse_repetition(
    row: dict[str, Value], line: int, first_lines: dict[str, int]
) -> None:
    """Refuse a part number that an earlier line has.

    The database sees one batch at a time and would take the second line of another
    batch for a change of the first.
    """
    number = row.get("part_number")
    if isinstance(number, str):
        first = first_lines.setdefault(number.lower(), line)
        if first != line:
            raise _RowError(
                "duplicate_line",
                f"stands on line {first} too",
                "part_number",
            )
