"""rpc/ERRORS.md and the headers of rpc/ against what the functions can answer."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import psycopg
import pytest

from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database

ERRORS = ROOT / "rpc" / "ERRORS.md"
RPCS = sorted(path.stem for path in (ROOT / "rpc").glob("*.sql"))
TESTS = ROOT / "tests" / "pgtap"

# What tap.is_signed() tests of each.
SIGNING = {
    "invalid_signature",
    "signature_busy",
    "signature_locked",
    "signature_not_enrolled",
    "signing_key_missing",
}
# Raised as SQLSTATE or named in SQL: words with an underscore that are no refusals.
_WORD = re.compile(r"'([a-z]+(?:_[a-z]+)+)'")
_ROW = re.compile(r"^\| `([a-z_]+)` \|(.*)\|$", re.MULTILINE)
_STATUS = re.compile(r"\b(4\d\d)\b")


def _section(title: str) -> dict[str, list[str]]:
    """The rows of a table of ERRORS.md: the cells after the code, by code."""
    text = ERRORS.read_text(encoding="utf-8")
    section = re.split(r"^## ", text, flags=re.MULTILINE)
    (body,) = [part for part in section if part.startswith(title)]
    rows = _ROW.findall(body)
    codes = [code for code, _ in rows]
    assert len(codes) == len(set(codes)), f"a code stands twice under {title}"
    return {code: [cell.strip() for cell in rest.split("|")] for code, rest in rows}


@cache
def _codes() -> dict[str, list[str]]:
    return _section("Codes")


@cache
def _row_codes() -> dict[str, list[str]]:
    return _section("Rows of `import_parts`")


@pytest.fixture(scope="module")
def connection(database: Database) -> Iterator[psycopg.Connection]:
    """The superuser's, who sees every row and body."""
    with psycopg.connect(database.url("postgres")) as connected:
        yield connected


@pytest.fixture(scope="module")
def refusals(connection: psycopg.Connection) -> dict[str, tuple[int, str]]:
    """Status and message by code, from the table that the functions read."""
    rows = connection.execute(
        "SELECT r.code, r.http_status, r.message FROM private.refusals AS r"
    )
    return {code: (status, message) for code, status, message in rows}


@pytest.fixture(scope="module")
def bodies(connection: psycopg.Connection) -> dict[str, str]:
    """Bodies without comments, by function name (`public.` ones without schema)."""
    rows = connection.execute(
        """
        SELECT CASE n.nspname WHEN 'private' THEN 'private.' ELSE '' END || f.proname,
               string_agg(f.prosrc, E'\\n')
        FROM pg_catalog.pg_proc AS f
        JOIN pg_catalog.pg_namespace AS n ON n.oid = f.pronamespace
        WHERE n.nspname IN ('public', 'private')
        GROUP BY 1
        """
    )
    return {name: re.sub(r"--.*", "", body) for name, body in rows}


def _reach(function: str, bodies: dict[str, str]) -> str:
    """The bodies that a call of `function` can run, its own first."""
    seen: list[str] = []
    ahead = [function]
    while ahead:
        name = ahead.pop()
        if name in seen or name not in bodies:
            continue
        seen.append(name)
        ahead += re.findall(r"\bprivate\.[a-z_0-9]+(?=\s*\()", bodies[name])
    return "\n".join(bodies[name] for name in seen)


def _words(text: str) -> set[str]:
    """Every literal that could be a code; in a JSON literal too."""
    return set(_WORD.findall(text)) | set(re.findall(r'"code": "([a-z_]+)"', text))


def _header(function: str) -> str:
    source = (ROOT / "rpc" / f"{function}.sql").read_text(encoding="utf-8")
    comment = "\n".join(
        line.removeprefix("--").strip()
        for line in source.split("CREATE OR REPLACE FUNCTION")[0].splitlines()
    )
    found = re.search(r"^Refuses +(.*?)(?=^Order |\Z)", comment, re.DOTALL | re.M)
    assert found, f"rpc/{function}.sql does not say what it refuses"
    return found[1]


def declared_refusals(function: str) -> dict[str, int]:
    """Status by code, as the header of an RPC declares them."""
    status = 0
    declared: dict[str, int] = {}
    # What import_parts says of its rows comes after a full stop.
    call = re.split(r"\.\s", _header(function))[0]
    for word in re.findall(r"\b(?:4\d\d|[a-z]+(?:_[a-z]+)+)\b", call):
        if word.isdigit():
            status = int(word)
        else:
            declared[word] = status
    return declared


def test_the_table_holds_every_code_with_its_status_and_words(
    refusals: dict[str, tuple[int, str]],
) -> None:
    """A code without a line, or a line without a code, misleads a client."""
    documented = {code: (int(row[0]), row[1]) for code, row in _codes().items()}
    assert documented == refusals


def test_every_line_says_when_and_what_to_do() -> None:
    """A code alone helps nobody."""
    for code, row in _codes().items():
        assert len(row) == 4, code
        assert all(row), code
    for code, row in _row_codes().items():
        assert len(row) == 2, code
        assert all(row), code


def test_every_code_is_refused_by_some_function(
    refusals: dict[str, tuple[int, str]], bodies: dict[str, str]
) -> None:
    """A code that nothing returns is one that clients handle in vain."""
    used = _words("\n".join(bodies.values()))
    assert set(refusals) - used == set()


def test_every_code_of_a_refusal_is_in_the_table(
    refusals: dict[str, tuple[int, str]], bodies: dict[str, str]
) -> None:
    """A code that is missing there would be a 500."""
    given = re.compile(
        r"""private\.refuse(?:_movement)?\(\s*\w+,\s*'(\w+[a-z])'
            |"code":\s*"([a-z_]+)"
            |'code',\s*'([a-z_]+)'
            |error_code\s*:=\s*'(\w+[a-z])'""",
        re.VERBOSE,
    )
    found = {
        code
        for body in bodies.values()
        for match in given.finditer(body)
        for code in match.groups()
        if code
    }
    assert "insufficient_stock" in _words("\n".join(bodies.values()))
    assert "not_on_yacht" in found
    assert found - set(refusals) - set(_row_codes()) == set()


def test_every_row_code_is_given_by_the_import(bodies: dict[str, str]) -> None:
    """The rows of an import have codes of their own."""
    reach = _reach("import_parts", bodies)
    # missing_part_number and missing_name are put together there.
    words = _words(reach) | {"missing_part_number", "missing_name"}
    assert set(_row_codes()) - words == set()


def test_the_import_declares_the_codes_of_its_rows() -> None:
    """Its header and ERRORS.md list the same."""
    rows = re.split(r"\.\s", _header("import_parts"), maxsplit=1)[1]
    assert set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", rows)) == set(_row_codes())


@pytest.mark.parametrize("function", RPCS)
def test_a_header_declares_codes_with_their_status(
    function: str, refusals: dict[str, tuple[int, str]]
) -> None:
    """What the file says first is what its reader trusts."""
    declared = declared_refusals(function)
    assert declared
    assert declared == {code: refusals[code][0] for code in declared}


@pytest.mark.parametrize("function", RPCS)
def test_a_function_can_refuse_what_its_header_declares(
    function: str, bodies: dict[str, str]
) -> None:
    """Each declared code is within reach of the body."""
    assert set(declared_refusals(function)) - _words(_reach(function, bodies)) == set()


@pytest.mark.parametrize("function", RPCS)
def test_a_header_declares_what_its_body_refuses(
    function: str, bodies: dict[str, str], refusals: dict[str, tuple[int, str]]
) -> None:
    """Each code that the RPC's own body names is declared."""
    # What action_list says of other RPCs is no refusal of its own.
    body = re.sub(r"'blocked_by', CASE.*?\bEND\b", "", bodies[function], flags=re.S)
    named = _words(body) & set(refusals)
    assert named - set(declared_refusals(function)) == set()


@pytest.mark.parametrize("function", RPCS)
def test_each_declared_refusal_is_tested(function: str) -> None:
    """By the RPC's own pgTAP file, or by one that tests all RPCs."""
    own = "import_parts*.sql" if function == "import_parts" else f"rpc_{function}.sql"
    text = "\n".join(path.read_text(encoding="utf-8") for path in TESTS.glob(own))
    declared = declared_refusals(function)
    # tap.is_gated() and feature_disabled.sql test the gate of each; idempotency.sql
    # the keys.
    elsewhere = {
        "not_on_yacht",
        "role_not_allowed",
        "feature_disabled",
        "duplicate_idempotency_key",
        "idempotency_key_reused",
    }
    if "tap.is_signed(" in text or function == "confirm_signature":
        # concurrency/test_signatures.py has the connections that the busy one takes.
        elsewhere |= SIGNING
    assert "tap.is_gated(" in text
    if "duplicate_idempotency_key" in declared:
        shared = (TESTS / "idempotency.sql").read_text(encoding="utf-8")
        assert f"'{function}'" in shared
    tested = set(re.findall(r"['\"]([a-z]+(?:_[a-z]+)+)['\"]", text))
    assert set(declared) - elsewhere - tested == set()


@pytest.mark.parametrize("function", RPCS)
def test_only_who_is_refused_by_role_is_told_of_roles(function: str) -> None:
    """An RPC for everybody on board declares no role_not_allowed."""
    source = (ROOT / "rpc" / f"{function}.sql").read_text(encoding="utf-8")
    everybody = "Called by  anyone with a role on the yacht" in source
    assert ("role_not_allowed" in declared_refusals(function)) is not everybody
