"""Databases that go away and come back, and functions that change."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tests.gateway.waiting import eventually, sleeping

if TYPE_CHECKING:
    from deploy.cluster import Cluster

    from .conftest import Api

TERMINATE = """
SELECT count(pg_terminate_backend(pid, 5000))
FROM pg_stat_activity
WHERE usename = 'authenticator' AND pid <> pg_backend_pid()
"""


def test_a_new_function_is_found_after_notify(
    direct: Api, protocol_cluster: Cluster
) -> None:
    assert direct.get("/rpc/fresh").status_code == 404
    with protocol_cluster.connect("protocol") as connection:
        connection.execute(
            "CREATE FUNCTION public.fresh() RETURNS integer LANGUAGE sql STABLE"
            " AS 'SELECT 1'"
        )
        connection.execute("NOTIFY pgrst, 'reload schema'")
        eventually(lambda: direct.get("/rpc/fresh").status_code == 200)
        connection.execute("DROP FUNCTION public.fresh()")
        # The catalogue still has it; PostgreSQL has not.
        answer = direct.get("/rpc/fresh")
        assert (answer.status_code, answer.json()["code"]) == (404, "42883")
        connection.execute("NOTIFY pgrst")
        eventually(lambda: direct.get("/rpc/fresh").json()["code"] == "PGRST202")


def test_terminated_connections_are_replaced_unnoticed(
    serve: Any, protocol_cluster: Cluster
) -> None:
    with serve() as api:
        for _ in range(3):
            with protocol_cluster.connect() as connection:
                connection.execute(TERMINATE)
            answers = [api.post("/rpc/add", {"p_name": "t"}) for _ in range(20)]
            assert {answer.status_code for answer in answers} == {200}


def test_a_terminated_write_did_not_happen_and_says_so(
    serve: Any, protocol_cluster: Cluster
) -> None:
    with serve() as api, ThreadPoolExecutor(1) as other:
        call = other.submit(
            api.post, "/rpc/add_slowly", {"p_name": "terminated", "p_seconds": 30}
        )
        eventually(lambda: sleeping(protocol_cluster))
        with protocol_cluster.connect() as connection:
            connection.execute(TERMINATE)
        answer = call.result()
        assert (answer.status_code, answer.json()["code"]) == (503, "57P01")
        assert answer.headers["retry-after"] == "1"
        assert api.get("/rpc/counted?p_name=terminated").json() is None


def test_a_killed_server_leaves_the_commit_unknown_and_returns(
    serve: Any, protocol_cluster: Cluster
) -> None:
    with serve() as api, ThreadPoolExecutor(1) as other:
        assert api.get("/ready").status_code == 200
        call = other.submit(
            api.post,
            "/rpc/add_slowly",
            {"p_name": "killed", "p_seconds": 30, "p_idempotency_key": "key-1"},
        )
        eventually(lambda: sleeping(protocol_cluster))
        kill(protocol_cluster)
        answer = call.result()
        assert (answer.status_code, answer.json()["code"]) == (503, "commit_unknown")
        assert json.loads(answer.json()["details"]) == {"idempotency_key": "key-1"}
        assert "p_idempotency_key" in answer.json()["hint"]

        def is_away() -> bool:
            # A backend outlives its killed server for a moment, and may take a call.
            answer = api.post("/rpc/add", {"p_name": "away"})
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            code: str = answer.json()["code"]
            assert code in ("PGRST001", "commit_unknown")
            return code == "PGRST001"

        eventually(is_away)
        assert api.get("/live").status_code == 200
        eventually(lambda: api.get("/ready").status_code == 503)

        protocol_cluster.start()
        eventually(lambda: api.get("/ready").status_code == 200)
        answers = [api.post("/rpc/add", {"p_name": "back"}) for _ in range(30)]
        assert {answer.status_code for answer in answers} == {200}


def kill(cluster: Cluster) -> None:
    """Kill the server and all its processes, as a crash would, and wait."""
    with cluster.connect() as connection:
        row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
        assert row is not None
        postmaster = int(row[0].split()[0])
        found = connection.execute("SELECT pid FROM pg_stat_activity").fetchall()
    for pid in [postmaster, *(pid for (pid,) in found)]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    eventually(lambda: not cluster.is_running())


def test_a_gateway_starts_before_its_database(
    serve: Any, protocol_cluster: Cluster
) -> None:
    gateway = serve()
    protocol_cluster.stop()
    starter = ThreadPoolExecutor(1)
    try:
        # It is ready, and so entered, only once the database is there.
        entered = starter.submit(gateway.__enter__)
        time.sleep(1)
        assert not entered.done()
        protocol_cluster.start()
        api = entered.result()
        assert api.get("/rpc/echo").status_code == 200
    finally:
        protocol_cluster.start()
        gateway.__exit__(None, None, None)
        starter.shutdown()
