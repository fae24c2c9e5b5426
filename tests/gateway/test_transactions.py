"""One transaction per call: what commits, what is retried, what is waited for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.gateway.waiting import eventually, sleeping

if TYPE_CHECKING:
    from deploy.cluster import Cluster

    from .conftest import Api


@pytest.fixture
def attempts(protocol_cluster: Cluster) -> None:
    """Lets `fails_until` count from one."""
    with protocol_cluster.connect("protocol") as connection:
        connection.execute("ALTER SEQUENCE public.attempts RESTART")


def test_a_success_is_committed(direct: Api) -> None:
    assert direct.post("/rpc/add", {"p_name": "kept", "p_amount": 501}).json() == {
        "name": "kept",
        "value": 501,
    }
    assert direct.get("/rpc/counted?p_name=kept").json() == 501


def test_what_fails_only_at_commit_is_no_success(direct: Api) -> None:
    direct.post("/rpc/add", {"p_name": "first", "p_amount": 502})
    answer = direct.post("/rpc/add", {"p_name": "second", "p_amount": 502})
    assert (answer.status_code, answer.json()["code"]) == (409, "23505")
    assert direct.get("/rpc/counted?p_name=second").json() is None


def test_an_unusable_status_is_found_after_the_commit_and_still_an_error(
    direct: Api,
) -> None:
    answer = direct.post("/rpc/answer", {"p_status": "abc"})
    assert answer.status_code == 500
    assert direct.post("/rpc/answer").status_code == 200


@pytest.mark.usefixtures("attempts")
@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_what_may_succeed_again_is_tried_again(direct: Api, state: str) -> None:
    answer = direct.post("/rpc/fails_until", {"p_attempt": 4, "p_state": state})
    assert (answer.status_code, answer.json()) == (200, 4)


@pytest.mark.usefixtures("attempts")
def test_but_not_for_ever(direct: Api) -> None:
    answer = direct.post("/rpc/fails_until", {"p_attempt": 9, "p_state": "40001"})
    assert (answer.status_code, answer.json()["code"]) == (500, "40001")
    answer = direct.post("/rpc/fails_until", {"p_attempt": 0, "p_state": "40001"})
    assert answer.json() == 5


@pytest.mark.usefixtures("attempts")
def test_other_errors_are_tried_once(direct: Api) -> None:
    direct.post("/rpc/fails_until", {"p_attempt": 9, "p_state": "55P03"})
    answer = direct.post("/rpc/fails_until", {"p_attempt": 0, "p_state": "55P03"})
    assert answer.json() == 2


def test_a_functions_statement_timeout_applies(direct: Api) -> None:
    answer = direct.post("/rpc/impatient", {"p_seconds": 20})
    assert (answer.status_code, answer.json()["code"]) == (500, "57014")
    assert direct.post("/rpc/impatient", {"p_seconds": 0}).json() is True


def test_an_exhausted_pool_times_out(serve: Any, protocol_cluster: Cluster) -> None:
    with serve(POOL_SIZE="1", POOL_TIMEOUT="1") as api, ThreadPoolExecutor(1) as other:
        nap = other.submit(api.get, "/rpc/nap?p_seconds=5")
        eventually(lambda: sleeping(protocol_cluster))
        answer = api.get("/rpc/echo")
        assert (answer.status_code, answer.json()["code"]) == (504, "PGRST003")
        assert nap.result().status_code == 200
        assert api.get("/rpc/echo").status_code == 200


def test_more_callers_than_connections_wait_their_turn(serve: Any) -> None:
    with serve(POOL_SIZE="2") as api, ThreadPoolExecutor(20) as callers:
        calls = [callers.submit(api.get, f"/rpc/echo?p_number={n}") for n in range(200)]
        assert [call.result().json()["number"] for call in calls] == list(range(200))


def test_the_connection_used_last_is_used_first(
    serve: Any, protocol_cluster: Cluster
) -> None:
    def processes(api: Api) -> set[int]:
        return {api.post("/rpc/process_id").json() for _ in range(8)}

    with serve(POOL_SIZE="4") as api, ThreadPoolExecutor(1) as other:
        # While the pool fills, a connection that is new is the last.
        eventually(lambda: len(processes(api)) == 1)
        usual = processes(api)
        nap = other.submit(api.get, "/rpc/nap?p_seconds=2")
        eventually(lambda: sleeping(protocol_cluster))
        meanwhile = processes(api)
        assert len(meanwhile) == 1
        assert meanwhile.isdisjoint(usual)
        assert nap.result().status_code == 200
        assert processes(api) == usual
