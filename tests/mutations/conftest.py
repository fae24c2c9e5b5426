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


@pytest.fixture(scope="session")
def laboratory(cluster: Cluster, migrated_template: str) -> Iterator[Laboratory]:
    """The superuser's connection to a database that nothing else uses."""
    create_tap(cluster, "test_mutations", template=migrated_template)
    with psycopg.connect(
        cluster.url("postgres", "test_mutations"),
        autocommit=True,
        # A mutation may make a loop endless.
        options="-c statement_timeout=60s",
    ) as connection:
        # Each file begins a transaction that has begun already.
        connection.add_notice_handler(lambda diagnostic: None)
        yield Laboratory(connection)
    cluster.drop_database("test_mutations")
