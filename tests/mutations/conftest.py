"""A database in which safeguards can be taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from deploy.scratch import create_tap
from tests.mutations.laboratory import Laboratory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.cluster import Cluster

DATABASE = "test_mutations"


@pytest.fixture(scope="session")
def mutable_database(cluster: Cluster, migrated_template: str) -> Iterator[str]:
    """The superuser's URL of a database that nothing else uses."""
    create_tap(cluster, DATABASE, template=migrated_template)
    yield cluster.url("postgres", DATABASE)
    cluster.drop_database(DATABASE)


@pytest.fixture(scope="session")
def laboratory(mutable_database: str) -> Iterator[Laboratory]:
    """One connection for all mutations of this run."""
    # A mutation may make a loop endless.
    with psycopg.connect(
        mutable_database, autocommit=True, options="-c statement_timeout=60s"
    ) as connection:
        yield Laboratory(connection)
