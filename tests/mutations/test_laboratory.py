"""The laboratory itself can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.mutations import trial
from tests.mutations.catalogue import Mutation, conjuncts, rewritten
from tests.mutations.laboratory import Laboratory
from tests.mutations.listing import Entry, Expected, ListError, entry_for, read_list
from tests.mutations.trial import TrialError

if TYPE_CHECKING:
    from pathlib import Path

USING_TRUE = "ALTER POLICY select_people ON public.pms_parts USING (true)"


@pytest.mark.parametrize(
    ("condition", "parts"),
    [
        ("(a = 1)", ["(a = 1)"]),
        ("((a = 1) AND (b = 2))", ["(a = 1)", "(b = 2)"]),
        ("((a >= 1) AND ((b = 2) OR (c = 3)))", ["(a >= 1)", "((b = 2) OR (c = 3))"]),
        (
            "((a = 1) AND ((b >= 2) AND (b <= 3)))",
            ["(a = 1)", "(b >= 2)", "(b <= 3)"],
        ),
        (
            "(EXISTS ( SELECT\n   FROM t\n  WHERE ((t.a = 1) AND (t.b = 2))))",
            ["(EXISTS ( SELECT\n   FROM t\n  WHERE ((t.a = 1) AND (t.b = 2))))"],
        ),
        ("((a = 1) OR (b = 2))", ["((a = 1) OR (b = 2))"]),
    ],
)
def test_a_condition_falls_into_what_and_joins(
    condition: str, parts: list[str]
) -> None:
    """An AND within an EXISTS or an OR does not belong to the whole."""
    assert conjuncts(condition) == parts


def test_the_most_literal_entry_is_about_a_mutation() -> None:
    """Then the last; names and ways are matched whole."""
    mutation = Mutation("policy", "public.t.p", "drop", "")
    named = [
        ("public.t.p", "drop"),
        (".*", "drop"),
        ("public\\.(.*)", ".*"),
        ("public", "drop"),
    ]
    entries = [
        Entry("policy", name, way, Expected("f", fails="x")) for name, way in named
    ]
    assert entry_for(mutation, entries) == entries[0]
    assert entry_for(mutation, entries[1:]) == entries[1]
    assert entry_for(mutation, entries[2:]) == entries[2]
    assert entry_for(mutation, entries[3:]) is None
    assert entries[2].expected_of(mutation).fails == "x"


def test_what_is_expected_has_the_groups_of_the_name() -> None:
    """Literally in the file's name, escaped in expressions; once it must be said."""
    entry = Entry(
        "table", "(.*) on (.*)", "drop", Expected("f_{0}", fails="^{1} {{2}}")
    )
    found = entry.expected_of(Mutation("table", "a on b.c", "drop", ""))
    assert (found.file, found.fails) == ("f_a", "^b\\.c {{2}}")
    with pytest.raises(ListError):
        Expected("f", fails="x", stops="y")
    with pytest.raises(ListError):
        Expected("f")


def test_a_mutation_that_nothing_notices_is_reported(laboratory: Laboratory) -> None:
    """So is one that another test notices than the list says, and one that stops."""
    for expected in (
        Expected("compat", fails="."),
        Expected("policies_pms_parts", fails="no such test"),
        Expected("policies_pms_parts", stops="."),
        Expected("policies_pms_parts", because="it is said to be of no use"),
    ):
        entry = Entry("policy", "public.pms_parts.select_people", "using", expected)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "tests.mutations.laboratory.read_list", lambda _, entry=entry: (entry,)
            )
            assert len(laboratory.unnoticed("rows", entry)) == 1, expected


def test_an_incomplete_list_is_reported(laboratory: Laboratory) -> None:
    """A safeguard that is new, and one that is gone."""
    connection = laboratory.connection
    with connection.transaction(force_rollback=True):
        connection.execute(
            "CREATE POLICY new ON public.pms_parts FOR DELETE TO pms_rpc USING (false)"
        )
        connection.execute("DROP POLICY delete_rpc ON private.request_keys")
        assert set(Laboratory(connection).differences("rows")) == {
            "not in the list: policy public.pms_parts.new: drop",
            "not in the list: policy public.pms_parts.new: using",
            "not in the database: policy private.request_keys.delete_rpc: drop",
            "not in the database: policy private.request_keys.delete_rpc: using",
        }
    assert not laboratory.differences("rows")


def test_every_list_names_something() -> None:
    """An empty list would be complete in an empty database."""
    assert min(len(read_list(s)) for s in ("rows", "values", "rights", "checks")) > 10


def test_what_a_trial_did_is_undone(laboratory: Laboratory) -> None:
    """The same file passes before and after."""
    connection = laboratory.connection
    assert trial.run(connection, "policies_pms_parts").is_faultless
    assert trial.run(connection, "policies_pms_parts", [USING_TRUE]).failed
    assert trial.run(connection, "policies_pms_parts").is_faultless


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("BEGIN; SELECT plan(1); SELECT pass('x'); COMMIT;", "commits"),
        ("BEGIN; SELECT plan(1); SELECT fail('x'); ROLLBACK;", "fails by itself"),
        ("BEGIN; SELECT plan(2); SELECT pass('x'); ROLLBACK;", "1 tests of 2"),
        ("BEGIN; SELECT plan(1); SELECT pass('x'); SELECT 1 / 0;", "division by zero"),
    ],
)
def test_a_file_that_proves_nothing_is_an_error(
    mutable_database: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    text: str,
    message: str,
) -> None:
    """One that fails without a mutation, and one that would keep it."""
    (tmp_path / "file.sql").write_text(text)
    monkeypatch.setattr(trial, "FILES", tmp_path)
    entry = Entry(
        "policy", "public.pms_parts.select_people", "using", Expected("file", fails=".")
    )
    monkeypatch.setattr("tests.mutations.laboratory.read_list", lambda _: (entry,))
    # What is committed is gone with the connection: it is temporary.
    with (
        psycopg.connect(mutable_database, autocommit=True) as connection,
        pytest.raises(TrialError, match=message),
    ):
        Laboratory(connection).unnoticed("rows", entry)


@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("private.no_such_function", "x"),
        ("private.open_call", "no such text"),
        ("private.open_call", "v_call"),
    ],
)
def test_a_text_is_replaced_where_it_stands_once(
    laboratory: Laboratory, name: str, old: str
) -> None:
    """A source that has changed must not be left as it is in silence."""
    with pytest.raises(ValueError, match=name):
        rewritten(laboratory.connection, name, old, "")
