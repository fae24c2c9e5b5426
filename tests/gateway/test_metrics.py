"""What Prometheus scrapes, in public and on the private port."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.process import free_port
from gateway.settings import POOL_SIZE
from tests.gateway.conftest import sign
from tests.gateway.waiting import eventually
from tests.plain import PLAIN

if TYPE_CHECKING:
    from tests.gateway.conftest import Api


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    return samples(text).get((name, frozenset(labels.items())), 0.0)


def test_calls_are_counted_by_function_and_status(serve: Any) -> None:
    """And refusals by code; a scanner's paths make no series."""
    private = free_port()
    with serve(METRICS_PORT=str(private)) as api:
        for _ in range(3):
            assert api.post("/rpc/add", {"p_name": "m"}).status_code == 200
        token = sign()
        api.get("/rpc/echo", token=token)
        api.get("/rpc/echo", token=token)
        assert api.get("/rpc/secret_paths_of_a_scanner").status_code == 404
        # Refused for its argument, where there is a function to have one.
        assert api.get("/rpc/nul_of_a_scanner?a=%00").status_code == 404
        large = b" " * (1 << 21)
        answer = api.send("POST", "/rpc/path_of_a_scanner", content=large)
        assert answer.status_code == 413
        assert api.get("/rpc/echo", token=sign(exp=1)).status_code == 401
        text = api.client.get(api.url + "/metrics").text
        requests = "part_lens_requests_total"
        assert value(text, requests, function="add", status="200") == 3
        assert value(text, requests, function="other", status="404") >= 1
        assert value(text, requests, function="other", status="401") == 1
        assert (
            value(text, "part_lens_refusals_total", function="other", code="PGRST202")
            >= 1
        )
        assert value(text, "part_lens_request_duration_seconds_count", function="add")
        assert value(text, "part_lens_jwt_cache_hits_total") >= 1
        assert "scanner" not in text
        assert "part_lens_violations" not in text
        assert "python_info" not in text
        everything = httpx.get(
            f"http://127.0.0.1:{private}/metrics", trust_env=False, verify=PLAIN
        )
        assert "part_lens_violations_total" in everything.text
        assert "process_resident_memory_bytes" in everything.text


def test_who_shows_no_token_violates_nothing(serve: Any) -> None:
    """They are told to show one; a person without the right is a hole in the gate."""
    private = free_port()
    with serve(METRICS_PORT=str(private)) as api:

        def violations() -> float:
            text = api.client.get(f"http://127.0.0.1:{private}/metrics").text
            return value(text, "part_lens_violations_total")

        assert api.get("/rpc/hidden", token=None).status_code == 401
        assert (violations(), api.logged("violation")) == (0, [])
        assert api.get("/rpc/hidden").status_code == 403
        assert (violations(), len(api.logged("violation"))) == (1, 1)


def test_pools_are_gauged(direct: Api) -> None:
    """Within a second or so."""

    def size() -> float:
        text = direct.client.get(direct.url + "/metrics").text
        return value(text, "part_lens_pool_size")

    eventually(lambda: size() == POOL_SIZE)


def test_workers_are_summed(serve: Any) -> None:
    """Whichever of them is asked."""
    with serve(workers=2) as api:
        # A connection for each call: the kernel hands them to either.
        for _ in range(40):
            headers = {"connection": "close", "authorization": f"Bearer {sign()}"}
            url = api.url + "/rpc/echo"
            assert httpx.get(
                url, headers=headers, trust_env=False, verify=PLAIN
            ).is_success

        def now(name: str, **labels: str) -> float:
            text = httpx.get(api.url + "/metrics", trust_env=False, verify=PLAIN).text
            return value(text, name, **labels)

        assert now("part_lens_requests_total", function="echo", status="200") == 40
        eventually(lambda: now("part_lens_pool_size") == 2 * POOL_SIZE)


def test_what_killed_workers_held_is_gauged_no_more(serve: Any) -> None:
    """On neither port, whichever is asked first; what they counted still counts."""
    private = free_port()
    with serve(workers=2, METRICS_PORT=str(private)) as api:
        eventually(lambda: len(api.workers()) == 2)
        for calls, url in enumerate((f"http://127.0.0.1:{private}", api.url), 1):
            _kill_workers(api, url, calls=calls)


def _kill_workers(api: Api, url: str, *, calls: int) -> None:
    """Have one of two workers remember a token, and kill both."""

    def now(name: str, **labels: str) -> float:
        # Until one of them serves again, a client is refused.
        patient = httpx.HTTPTransport(retries=5, trust_env=False, verify=PLAIN)
        with httpx.Client(transport=patient, timeout=30) as client:
            return value(client.get(url + "/metrics").text, name, **labels)

    entries = "part_lens_jwt_cache_entries"
    assert now(entries) == 0
    assert api.post("/rpc/echo").status_code == 200
    eventually(lambda: now(entries) == 1)
    for pid in api.workers()[-2:]:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: len(api.workers()) == 2 * calls + 2)
    eventually(lambda: now(entries) == 0)
    assert now("part_lens_requests_total", function="echo", status="200") == calls
