"""What the gateway counts, what it reports, and what it keeps while it cannot."""

from __future__ import annotations

import asyncio
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from gateway import windows as windows_module
from gateway.messages import Response
from gateway.windows import ABORTED, BOUNDS, NAMES_MOST, Reporter, Windows

from .conftest import sign
from .waiting import eventually, sleeping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deploy.cluster import Cluster
    from gateway.messages import Request, Route
    from gateway.tokens import Identity

    from .conftest import Api

REPORTS = """
CREATE TABLE private.reports (report jsonb, role text);
CREATE FUNCTION public.report_canary_window(
    p_instance_id uuid, p_started_at timestamptz, p_ended_at timestamptz,
    p_latency_bounds integer[], p_actions jsonb, p_is_last boolean)
    RETURNS jsonb LANGUAGE sql SECURITY DEFINER
AS $$
    INSERT INTO private.reports
    VALUES (jsonb_build_object(
        'instance', p_instance_id, 'started_at', p_started_at, 'ended_at', p_ended_at,
        'bounds', p_latency_bounds, 'actions', p_actions, 'is_last', p_is_last),
        current_setting('role'))
    RETURNING '{"success": true}'::jsonb
$$;
NOTIFY pgrst;
"""
FORGET = """
DROP FUNCTION public.report_canary_window;
DROP TABLE private.reports;
NOTIFY pgrst;
"""


@pytest.fixture
def reports(protocol_cluster: Cluster) -> Iterator[Any]:
    """Makes a place for reports, and returns what reads them."""

    def read() -> list[dict[str, Any]]:
        with protocol_cluster.connect("protocol") as connection:
            rows = connection.execute(
                # What was cut off by an outage may have been written, and comes again.
                "SELECT DISTINCT report, report ->> 'started_at' AS began"
                " FROM private.reports ORDER BY began"
            ).fetchall()
        return [report for report, _ in rows]

    with protocol_cluster.connect("protocol") as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS private")
        connection.execute(REPORTS)
    yield read
    with protocol_cluster.connect("protocol") as connection:
        connection.execute(FORGET)


def totals(reports: list[dict[str, Any]], function: str, what: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for report in reports:
        for name, count in report["actions"].get(function, {}).get(what, {}).items():
            found[name] = found.get(name, 0) + count
    return found


@contextmanager
def hanging_up(api: Api, path: str, body: bytes, *, length: int) -> Iterator[None]:
    """A client that sends a part of a request, and leaves when the block ends."""
    address = urlsplit(api.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sign()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        yield


@pytest.mark.parametrize("route", ["direct", "postgrest"])
def test_each_call_is_counted_by_its_status(
    serve: Any, reports: Any, reference: Api, route: str
) -> None:
    """What is refused before SQL is, and what never reached an action is not."""
    url = reference.url if route == "postgrest" else None
    # A window that comes before PostgREST knows the function is lost.
    nothing = Windows().cut()
    report = "/rpc/report_canary_window"
    eventually(lambda: reference.send("POST", report, content=nothing).is_success)
    with serve(WINDOW_SECONDS="0.1", BODY_LIMIT="1000", postgrest_url=url) as api:
        for _ in range(3):
            assert api.post("/rpc/echo").status_code == 200
        assert api.send("PUT", "/rpc/echo").status_code == 405
        assert api.send("POST", "/rpc/echo", content=b" " * 2000).status_code == 413
        accept = {"accept-profile": "other"}
        assert api.get("/rpc/echo", headers=accept).status_code == 406
        with hanging_up(api, "/rpc/echo", b"{", length=100):
            pass
        assert api.post("/rpc/raise", {"p_state": "XX000"}).status_code == 500
        refusal = {"code": "insufficient_stock"}
        answer = {"p_status": "409", "p_body": refusal}
        assert api.post("/rpc/answer", answer).status_code == 409
        assert api.post("/rpc/hidden").status_code == 403
        # No calls of an action: a bad token, a question, another path.
        assert api.get("/rpc/echo", token=sign(exp=1)).status_code == 401
        assert api.get("/rpc/hidden", token=None).status_code == 401
        assert api.send("OPTIONS", "/rpc/echo").status_code in (200, 204)
        assert api.get("/tables").status_code == 404
        assert api.post("/rpc/switched_off").status_code == 404
        eventually(
            lambda: (
                totals(reports(), "echo", "statuses")
                == {"200": 3, "405": 1, "413": 1, "406": 1, ABORTED: 1}
            )
        )
        eventually(lambda: totals(reports(), "hidden", "statuses") == {"403": 1})
        found = reports()
        assert totals(found, "hidden", "codes") == {"42501": 1}
        assert totals(found, "raise", "statuses") == {"500": 1}
        assert totals(found, "answer", "codes") == {"insufficient_stock": 1}
        counted = {name for report in found for name in report["actions"]}
        assert counted == {"echo", "raise", "answer", "hidden"}
    for report in reports():
        for counts in report["actions"].values():
            assert sum(counts["latency"]) == sum(counts["statuses"].values())
        assert report["bounds"] == list(BOUNDS)


def test_a_call_without_a_token_counts_for_nothing(serve: Any, reports: Any) -> None:
    """Else anybody could move the canary, by calls that are refused."""
    with serve(WINDOW_SECONDS="0.1", BODY_LIMIT="1000") as api:
        assert api.send("PUT", "/rpc/echo", token=None).status_code == 405
        large = {"content": b" " * 2000, "token": None}
        assert api.send("POST", "/rpc/echo", **large).status_code == 413
        as_nobody = sign(role="anon")
        assert api.send("PUT", "/rpc/echo", token=as_nobody).status_code == 405
        assert api.post("/rpc/echo").status_code == 200
        eventually(lambda: totals(reports(), "echo", "statuses"))
    assert totals(reports(), "echo", "statuses") == {"200": 1}


def test_a_name_that_is_no_text_loses_no_window(serve: Any, reports: Any) -> None:
    """PostgreSQL takes no report that names it."""
    with serve(WINDOW_SECONDS="0.1") as api:
        assert api.get("/rpc/%00").status_code == 404
        assert api.post("/rpc/echo").status_code == 200
        eventually(lambda: totals(reports(), "echo", "statuses") == {"200": 1})
        assert not api.logged("window lost")


def test_a_refused_head_counts_with_its_code(serve: Any, reports: Any) -> None:
    """Though no body is sent: a rule's refusal is a success."""
    with serve(WINDOW_SECONDS="0.1") as api:
        answer = api.send("HEAD", "/rpc/switched_off")
        assert (answer.status_code, answer.content) == (404, b"")
        refusal = {"p_status": "409", "p_body": '{"code": "insufficient_stock"}'}
        answer = api.send("HEAD", "/rpc/answer", params=refusal)
        assert (answer.status_code, answer.content) == (409, b"")
        eventually(lambda: totals(reports(), "answer", "codes"))
    assert totals(reports(), "answer", "codes") == {"insufficient_stock": 1}
    assert totals(reports(), "switched_off", "statuses") == {}


def test_windows_follow_one_another_and_the_last_one_says_so(
    serve: Any, reports: Any
) -> None:
    """Also when nobody calls: that nothing is missing is what SQL needs to know."""
    with serve(WINDOW_SECONDS="0.1") as api:
        eventually(lambda: len(reports()) >= 3)
        assert api.post("/rpc/echo").status_code == 200
    found = reports()
    assert len({report["instance"] for report in found}) == 1
    assert [r["started_at"] for r in found[1:]] == [r["ended_at"] for r in found[:-1]]
    assert [report["is_last"] for report in found[-2:]] == [False, True]
    assert totals(found, "echo", "statuses") == {"200": 1}


def test_a_call_under_way_counts_when_it_ends(
    serve: Any, reports: Any, protocol_cluster: Cluster
) -> None:
    """With all the time that it took."""
    with serve(WINDOW_SECONDS="0.1") as api, ThreadPoolExecutor(1) as other:
        call = other.submit(api.post, "/rpc/nap", {"p_seconds": 0.6})
        eventually(lambda: sleeping(protocol_cluster))
        assert call.result().status_code == 200
        eventually(lambda: totals(reports(), "nap", "statuses") == {"200": 1})
    (counts,) = [r["actions"]["nap"] for r in reports() if "nap" in r["actions"]]
    assert sum(counts["latency"][: BOUNDS.index(600) + 1]) == 0


def test_windows_wait_for_a_database_that_is_away(
    serve: Any, reports: Any, protocol_cluster: Cluster
) -> None:
    """They come late, all of them and once, and say when they were."""
    with serve(WINDOW_SECONDS="0.1") as api:
        eventually(reports)
        protocol_cluster.stop()
        try:
            eventually(lambda: api.get("/ready").status_code == 503, within=60)
            assert api.post("/rpc/echo").status_code == 503
        finally:
            protocol_cluster.start()
        eventually(
            lambda: totals(reports(), "echo", "statuses") == {"503": 1}, within=60
        )
    found = reports()
    ends = [report["ended_at"] for report in found]
    starts = [report["started_at"] for report in found]
    assert len(set(starts)) == len(starts)
    assert set(starts[1:]) <= set(ends)


def test_a_database_without_a_place_for_windows_is_served(serve: Any) -> None:
    """An older database is told apart from one that is away."""
    with serve(WINDOW_SECONDS="0.1") as api:
        eventually(lambda: api.logged("window lost"))
        assert api.logged("window lost")[0]["reason"] == "PGRST202"
        assert api.post("/rpc/echo").status_code == 200


@pytest.fixture
def key_set(tmp_path: Path) -> str:
    """A file with a key that verifies and cannot sign."""
    path = tmp_path / "keys.json"
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    path.write_text(json.dumps({"keys": [ECAlgorithm.to_jwk(key, as_dict=True)]}))
    return str(path)


def test_who_cannot_sign_reports_by_a_connection_of_its_own(
    serve: Any, reports: Any, reference: Api, key_set: str
) -> None:
    """A PostgREST would take no report from there."""
    settings = {"JWT_SECRET": "", "JWKS": key_set, "WINDOW_SECONDS": "0.1"}
    with serve(postgrest_url=reference.url, **settings) as api:
        eventually(lambda: len(reports()) >= 2)
        # By a token of the database's secret, which is not among the keys.
        assert api.post("/rpc/echo").status_code == 401
    assert reports()[-1]["is_last"] is True
    assert not api.logged("windows not reported")


def test_that_nothing_is_reported_is_said_at_the_start(
    serve: Any, reports: Any, reference: Api, key_set: str
) -> None:
    """Where there is neither a key to sign with nor a database to call."""
    settings = {"JWT_SECRET": "", "JWKS": key_set, "DATABASE_URL": ""}
    with serve(postgrest_url=reference.url, WINDOW_SECONDS="0.1", **settings) as api:
        (said,) = api.logged("windows not reported")
        assert "PART_LENS_WINDOW_SECONDS=0" in said["reason"]
    assert reports() == []
    with serve(postgrest_url=reference.url, WINDOW_SECONDS="0", **settings) as api:
        assert not api.logged("windows not reported")


def test_no_windows_are_reported_where_none_are_wanted(
    serve: Any, reports: Any
) -> None:
    with serve(WINDOW_SECONDS="0") as api:
        assert api.post("/rpc/echo").status_code == 200
    assert reports() == []


def test_a_report_that_hangs_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upstream that took it and says nothing holds up no other window."""
    monkeypatch.setattr(windows_module, "PATIENCE", 0.05)

    class Hanging:
        sent: ClassVar[list[bytes]] = []

        async def call(self, request: Request, _: Identity) -> Response:
            self.sent.append(request.body)
            if len(self.sent) == 1:
                await asyncio.Event().wait()
            return Response(200, [], b"{}")

    async def scenario() -> None:
        route = cast("Route", Hanging())
        reporter = Reporter(Windows(), route, seconds=0.01)
        await reporter.start()
        while len(Hanging.sent) < 3:
            await asyncio.sleep(0.01)
        await reporter.stop()

    asyncio.run(asyncio.wait_for(scenario(), 10))
    first, again, other = Hanging.sent[:3]
    assert first == again != other


def test_a_clock_that_is_set_back_ends_no_window_before_it_began() -> None:
    times = [datetime(2026, 3, 1, tzinfo=UTC)] * 2
    times.append(times[0] - timedelta(hours=1))
    windows = Windows(clock=iter([*times, times[0]]).__next__)
    for _ in range(3):
        report = json.loads(windows.cut())
        began, ended = (
            datetime.fromisoformat(report[name])
            for name in ("p_started_at", "p_ended_at")
        )
        assert began < ended


def test_latency_falls_into_the_bucket_whose_bound_it_does_not_exceed() -> None:
    windows = Windows()
    for milliseconds in (0.5, 1, 1.01, 500, 60_000, 60_001):
        windows.record("f", 200, milliseconds / 1000)
    latency = json.loads(windows.cut())["p_actions"]["f"]["latency"]
    assert len(latency) == len(BOUNDS) + 1
    filled = {place: calls for place, calls in enumerate(latency) if calls}
    slow, slowest = len(BOUNDS) - 1, len(BOUNDS)
    assert filled == {0: 2, 1: 1, BOUNDS.index(500): 1, slow: 1, slowest: 1}


@pytest.mark.parametrize("name", ["", "\0", "\ud800", "Echo", "a-b", "a\n", "a" * 64])
def test_what_no_function_is_called_is_not_counted(name: str) -> None:
    windows = Windows()
    windows.record(name, 404, 0.001, code="PGRST202")
    assert json.loads(windows.cut())["p_actions"] == {}


def test_made_up_names_make_room_for_functions() -> None:
    """However many there are, and whatever they are refused for."""
    refusals = [(404, "PGRST202"), (405, "PGRST101"), (413, "body_too_large")]
    windows = Windows()
    for number in range(NAMES_MOST):
        status, code = refusals[number % 3]
        windows.record(f"made_up_{number}", status, 0.001, code=code)
    windows.record("no_answer", None, 0.001)
    windows.record("consume_part", 200, 0.001)
    windows.record("receive_part", 409, 0.001, code="already_received")
    windows.record("transfer_part", 500, 0.001, code="XX000")
    actions = json.loads(windows.cut())["p_actions"]
    assert len(actions) == NAMES_MOST
    assert {"consume_part", "receive_part", "transfer_part"} <= actions.keys()
    assert "no_answer" not in actions


def test_names_that_clients_make_up_have_an_end() -> None:
    windows = Windows()
    for number in range(NAMES_MOST + 10):
        windows.record(f"f{number}", 404, 0.001, code="PGRST202")
        windows.record("f0", 404, 0.001, code=f"code{number}")
    actions = json.loads(windows.cut())["p_actions"]
    assert len(actions) == NAMES_MOST
    assert len(actions["f0"]["codes"]) == NAMES_MOST
    assert actions["f0"]["statuses"] == {"404": NAMES_MOST + 11}
