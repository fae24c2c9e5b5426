"""How long a refusal takes says nothing of what was wrong with the signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from deploy.bench.signatures import Attempts, medians_of, spread
from deploy.cluster import DEPLOYER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database

CALLS = 25
# `make bench` holds 200 calls to 1.1. Without bcrypt a call is twenty times as quick.
BOUND = 1.3
TRIES = 4


@pytest.fixture
def attempts(database: Database) -> Iterator[Attempts]:
    with (
        psycopg.connect(database.url(DEPLOYER), autocommit=True) as deployer,
        psycopg.connect(database.url("authenticator"), autocommit=True) as person,
    ):
        yield Attempts(deployer, person)


def test_refusals_take_as_long(attempts: Attempts) -> None:
    """In turns, so that whatever else runs here slows all of them down alike."""
    attempts.round(0)
    found = []
    for _ in range(TRIES):
        medians = medians_of([attempts.round(number) for number in range(CALLS)])
        if spread(medians) <= BOUND:
            return
        found.append(medians)
    pytest.fail(f"{found}")
