"""What the log says, and what it never says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import sign
from .waiting import eventually, sleeping

if TYPE_CHECKING:
    from deploy.cluster import Cluster

    from .conftest import Api


def test_a_refusal_in_a_read_only_transaction_is_logged(direct: Api) -> None:
    answer = direct.get(
        "/rpc/answer",
        params={"p_status": "403", "p_body": '{"code": "not_on_yacht"}'},
        headers={"x-request-id": "refused-1"},
    )
    assert answer.status_code == 403
    [record] = [r for r in direct.logged("refused") if r["request_id"] == "refused-1"]
    assert (record["code"], record["function"]) == ("not_on_yacht", "answer")


def test_a_privilege_violation_is_logged(direct: Api) -> None:
    direct.get("/rpc/hidden", headers={"x-request-id": "violation-1"})
    [record] = [
        r for r in direct.logged("violation") if r["request_id"] == "violation-1"
    ]
    assert (record["code"], record["function"]) == ("42501", "hidden")


def test_no_secret_is_logged_at_any_level(serve: Any) -> None:
    token = sign()
    with serve(LOG_LEVEL="DEBUG") as api:
        for path in ("/rpc/echo", "/rpc/hidden", "/rpc/nope"):
            api.post(
                path,
                {"p_text": "hush-1"},
                token=token,
                headers={"apikey": "hush-2", "cookie": "c=hush-3"},
            )
        api.post("/rpc/raise", {"p_state": "XX000", "p_message": "hush-4"})
        api.get("/rpc/echo?p_text=hush-5")
        assert [r["status"] for r in api.logged("answered")].count(200) >= 2
        text = api.log.read_text(encoding="utf-8")
        assert token not in text
        assert "hush" not in text


@pytest.mark.parametrize("request_id", ["slow-1", "slow-2." + "x" * 100])
def test_a_call_under_way_is_found_by_its_id(
    direct: Api, protocol_cluster: Cluster, request_id: str
) -> None:
    """In pg_stat_activity, which has room for its beginning, and no longer after it."""
    names = "SELECT application_name FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    left = "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'part_lens %'"
    headers = {"x-request-id": request_id}
    with ThreadPoolExecutor(1) as other, protocol_cluster.connect() as connection:
        call = other.submit(direct.post, "/rpc/nap", {"p_seconds": 1}, headers=headers)
        eventually(lambda: sleeping(protocol_cluster))
        assert connection.execute(names).fetchall() == [
            (f"part_lens {request_id}"[:63],)
        ]
        assert call.result().headers["x-request-id"] == request_id
        assert connection.execute(left).fetchall() == []
