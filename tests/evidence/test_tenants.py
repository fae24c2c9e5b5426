"""Evidence of one of several tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy.cluster import DEPLOYER

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Live

# Calls of people, of a service, of a stranger and of nobody.
ONLY = ("acceptance", "signed_actions", "role_matrix", "single_tenant", "signed_rows")
OPTIONS = tuple(text for name in ONLY for text in ("--only", name))


def test_every_claim_holds_of_a_tenant_that_is_named(
    shared: Live, tmp_path: Path
) -> None:
    """MASTER knows the people for as long as it takes."""
    master = shared.database.url(DEPLOYER)
    run = shared.take(
        tmp_path / "bundle", *OPTIONS, TENANT="north", MASTER_DATABASE_URL=master
    )
    assert (run.code, run.failed) == (0, []), run.output
    with shared.database.cluster.connect(shared.database.name) as connection:
        accounts = connection.execute(
            "SELECT a.tenant_key_alias, a.is_active, count(*) > 1"
            " FROM master.user_accounts AS a GROUP BY 1, 2"
        ).fetchall()
    assert accounts == [("NORTH", False, True)]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({}, "serves several tenants: TENANT names the one"),
        ({"TENANT": "NORTH"}, "TENANT and MASTER_DATABASE_URL go together"),
        ({"MASTER_DATABASE_URL": "dbname=x"}, "go together: one is missing"),
    ],
)
def test_whose_evidence_it_is_must_be_said(
    shared: Live, tmp_path: Path, named: dict[str, str], said: str
) -> None:
    run = shared.take(tmp_path / "bundle", *OPTIONS, **named)
    assert run.code == 1
    assert said in run.output
    assert not run.directory.exists()


def test_a_tenant_that_master_does_not_know_is_one_line(
    shared: Live, tmp_path: Path
) -> None:
    master = shared.database.url(DEPLOYER)
    run = shared.take(
        tmp_path / "bundle", *OPTIONS, TENANT="SOUTH", MASTER_DATABASE_URL=master
    )
    assert run.output == "Error: MASTER has no tenant SOUTH\n"
    assert run.code == 1
