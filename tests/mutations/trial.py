"""Runs a pgTAP file in a database that lacks a safeguard, and puts everything back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg.pq import ExecStatus, TransactionStatus
from tap.line import Diagnostic, Plan, Result
from tap.parser import Parser

from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

FILES = ROOT / "tests" / "pgtap"


class TrialError(Exception):
    """The trial proves nothing; the message says why."""


@dataclass
class Outcome:
    """What a run of a pgTAP file came to.

    `passed` holds the descriptions of its tests, `failed` too, each with what pgTAP
    says of it in the lines below; `planned` is their number, `error` what stopped the
    file, if anything did.
    """

    planned: int | None = None
    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    error: str | None = None

    @property
    def is_faultless(self) -> bool:
        """Whether the file ran to its end and every test that it planned passed."""
        return not self.failed and not self.error and self.planned == len(self.passed)

    def __str__(self) -> str:
        lines = [f"not ok: {description}" for description in self.failed]
        if self.error:
            lines.append(f"stopped by: {self.error}")
        if not lines and not self.is_faultless:
            lines.append(f"{len(self.passed)} tests of {self.planned}")
        return "\n".join(lines) or "every test passed"


def run(
    connection: psycopg.Connection, file: str, statements: Iterable[str] = ()
) -> Outcome:
    """Run `tests/pgtap/<file>.sql` after `statements`, in one transaction.

    The file's own BEGIN finds itself in the transaction, and its ROLLBACK undoes the
    statements as well. `connection` commits by itself. Raises TrialError when a
    statement fails, or when anything is left behind.
    """
    text = (FILES / f"{file}.sql").read_bytes()
    connection.execute("BEGIN")
    try:
        for statement in statements:
            connection.execute(statement.encode())
        row = connection.execute("SELECT pg_catalog.pg_current_xact_id()").fetchone()
        assert row is not None
        outcome = _outcome(*_output(connection, text))
    except connection.Error as error:
        raise TrialError(f"{statement}: {error}") from error
    finally:
        if connection.info.transaction_status != TransactionStatus.IDLE:
            connection.execute("ROLLBACK")
    kept = connection.execute("SELECT pg_catalog.pg_xact_status(%s::xid8)", row)
    if kept.fetchone() != ("aborted",):
        raise TrialError(f"{file}.sql commits; the database is spoiled")
    return outcome


def _output(
    connection: psycopg.Connection, text: bytes
) -> tuple[list[str], str | None]:
    """Every value that the text returns, up to the error that stops it if one does.

    psycopg's own `execute` gives the error alone.
    """
    lines: list[str] = []
    error = None
    connection.pgconn.send_query(text)
    while result := connection.pgconn.get_result():
        if result.status == ExecStatus.TUPLES_OK:
            values = (result.get_value(row, 0) for row in range(result.ntuples))
            lines += [value.decode() for value in values if value is not None]
        elif result.status == ExecStatus.FATAL_ERROR:
            error = result.get_error_message()
    return lines, error


def _outcome(lines: list[str], error: str | None) -> Outcome:
    outcome = Outcome(error=error)
    is_ok = True
    for line in Parser().parse_text("\n".join(lines)):
        if isinstance(line, Plan):
            outcome.planned = line.expected_tests
        elif isinstance(line, Result):
            is_ok = line.ok
            # "- " is how pgTAP begins a description.
            description = line.description.removeprefix("- ")
            (outcome.passed if is_ok else outcome.failed).append(description)
        elif isinstance(line, Diagnostic) and not is_ok:
            outcome.failed[-1] += f"\n{line.text}"
    return outcome
