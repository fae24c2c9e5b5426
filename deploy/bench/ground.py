"""What measurements run on: a durable throw-away server with a migrated template."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.bench.fleet import make_template
from deploy.bench.machine import durable_cluster, facts, lay_up_wal
from deploy.bench.measurement import Bench
from deploy.state import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATE = "bench_template"


@contextmanager
def prepared(
    *, seconds: float, rounds: int, desired: bool = False
) -> Iterator[tuple[Bench, dict[str, Any]]]:
    """A bench, and the facts of its machine before anything ran; removed at the end.

    :param desired: measure sql/, policies/ and rpc/ as they are, not the migrations.
    """
    secrets = Secrets.generate()
    with (
        tempfile.TemporaryDirectory(prefix="part-lens-bench-") as logs,
        durable_cluster(secrets) as cluster,
    ):
        machine = facts(cluster)
        lay_up_wal(cluster)
        make_template(cluster, TEMPLATE, desired=desired)
        bench = Bench(
            cluster=cluster,
            secrets=secrets,
            template=TEMPLATE,
            logs=Path(logs),
            seconds=seconds,
            rounds=rounds,
        )
        yield bench, machine
