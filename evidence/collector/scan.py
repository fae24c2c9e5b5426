"""The claim that nothing breaks: every route, called well and badly, as everybody."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from evidence.collector import storage
from evidence.collector.claims import Claim, Finding
from evidence.collector.ground import SCANNERS, key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from evidence.collector.ground import Ground

PERSONS = (*SCANNERS, "stranger", "service", "anon", "nobody")
THREADS = 8
# What a service sets by calling it well; it is called badly alone.
SETTINGS = frozenset({"set_canary", "report_canary_window", "evaluate_canary"})
ROUTES = (
    "/",
    "/docs",
    "/docs/nowhere",
    "/live",
    "/ready",
    "/health",
    "/metrics",
    "/nowhere",
    "/pms_parts",
    "/rest/v1",
    "/rest/v1/",
    "/rest/v1/pms_parts",
    "/rest/v1/rpc/nowhere",
    "/rpc/",
    "/storage/v1/bucket",
    "/storage/v1/object/authenticated/pms-part-photos/x",
    "/storage/v1/object/copy",
    "/storage/v1/object/info/authenticated/pms-part-photos/x",
    "/storage/v1/object/info/pms-part-photos/x",
    "/storage/v1/object/info/public/pms-part-photos/x",
    "/storage/v1/object/list/pms-part-photos",
    "/storage/v1/object/move",
    "/storage/v1/object/nowhere/x",
    "/storage/v1/object/pms-part-photos",
    "/storage/v1/object/pms-part-photos/x",
    "/storage/v1/object/public/pms-part-photos/x",
    "/storage/v1/object/sign/pms-part-photos",
    "/storage/v1/object/sign/pms-part-photos/x",
    "/storage/v1/object/upload/sign/pms-part-photos/x",
    "/storage/v1/nowhere",
    "/v1/actions/execute",
    "/v1/actions/list",
    "/v1/parts/low-stock",
    "/v1/parts/suggestions",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True)
class _Request:
    """A call to be made; `kind` is what it is counted under."""

    kind: str
    who: str
    method: str
    path: str
    body: bytes | None = None
    query: Mapping[str, str] = field(default_factory=dict)


def zero_5xx(ground: Ground) -> Finding:
    """Count the answers by route, person and status."""
    functions = ground.rows(
        "SELECT f.proname AS name, coalesce(f.proargnames, '{}') AS arguments"
        " FROM pg_catalog.pg_proc AS f"
        " WHERE f.pronamespace = 'public'::regnamespace ORDER BY f.proname"
    )
    good = _values(ground)
    requests = [*_routes(ground)]
    for function in functions:
        requests += _calls(function["name"], function["arguments"], good)
    # Built before the threads: they share the people's tokens.
    headers = {who: ground.headers(who) for who in PERSONS}
    with ThreadPoolExecutor(THREADS) as pool:
        statuses = list(pool.map(partial(_status, ground, headers), requests))
    by_kind: dict[str, Counter[str]] = {}
    by_person: dict[str, Counter[str]] = {}
    for request, status in zip(requests, statuses, strict=True):
        by_kind.setdefault(request.kind, Counter())[f"{status // 100}xx"] += 1
        by_person.setdefault(request.who, Counter())[f"{status // 100}xx"] += 1
    # Where there is no storage, each of its routes says so.
    unserved = ("/storage/v1/",) if storage.is_missing(ground) else ()
    broken = [
        {"who": r.who, "method": r.method, "path": r.path, "status": status}
        for r, status in zip(requests, statuses, strict=True)
        if status >= 500 and not (status == 501 and r.path.startswith(unserved))
    ]
    return Finding(
        not broken,
        {
            "calls": len(requests),
            "server_errors": broken,
            "by_route": _tables(by_kind),
            "by_person": _tables(by_person),
        },
    )


def _tables(counts: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    classes = ("2xx", "3xx", "4xx", "5xx")
    return {
        name: {class_: counter[class_] for class_ in classes}
        for name, counter in counts.items()
    }


def _status(
    ground: Ground, headers: Mapping[str, dict[str, str]], request: _Request
) -> int:
    response = ground.http.request(
        request.method,
        request.path,
        params=dict(request.query) or None,
        content=request.body,
        headers={**headers[request.who], "Content-Type": "application/json"},
    )
    return response.status_code


def _routes(ground: Ground) -> Iterator[_Request]:
    body = json.dumps({"action": "search_parts", "yacht_id": str(ground.yacht_id)})
    query = {"yacht_id": str(ground.yacht_id)}
    for path, method, who in product(ROUTES, METHODS, ("scan_crew", "nobody")):
        sent = body.encode() if method in ("POST", "PUT", "PATCH") else None
        yield _Request(path, who, method, path, sent, query)


def _calls(
    name: str, arguments: list[str], good: Mapping[str, Any]
) -> Iterator[_Request]:
    """A function as everybody: well, empty, of wrong types, garbled, and by GET."""
    path = f"/rpc/{name}"
    for who in PERSONS:
        well = {key_: good[key_] for key_ in arguments if key_ in good}
        if "p_idempotency_key" in well:
            well["p_idempotency_key"] = key()
        bodies: dict[str, Any] = {
            "well": well,
            "empty": {},
            "nulls": dict.fromkeys(well),
            "texts": dict.fromkeys(well, "\U0001f6e5 '; --"),
            "numbers": dict.fromkeys(well, -(10**12)),
            "lists": {name_: [[None]] for name_ in well},
            "another": {**well, "p_unknown": 1},
        }
        if name in SETTINGS:
            bodies = {"empty": {"p_unknown": 1}, "texts": bodies["texts"]}
        for body in bodies.values():
            sent = json.dumps(body, default=str).encode()
            yield _Request(path, who, "POST", path, sent)
        for raw in (b"{", b"[]", b"\xff", b"null"):
            if name not in SETTINGS:
                yield _Request(path, who, "POST", path, raw)
        if name not in SETTINGS:
            text = {k: str(v) for k, v in well.items() if k != "p_signature"}
            yield _Request(path, who, "GET", path, query=text)
        yield _Request(path, who, "DELETE", path)


def _values(ground: Ground) -> dict[str, Any]:
    """A value for each argument that there is."""
    part = ground.part("Scanned", 50, p_min_level=60)
    locker = ground.location("Main locker")
    taken = ground.done(
        "crew", "consume_part", p_part_id=part, p_quantity=1, p_idempotency_key=key()
    )
    item = ground.done(
        "crew", "request_part", p_part_id=part, p_quantity=4, p_idempotency_key=key()
    )
    return {
        "p_yacht_id": ground.yacht_id,
        "p_part_id": part,
        "p_quantity": 1,
        "p_idempotency_key": "",
        "p_item_id": item["item_id"],
        "p_transaction_id": taken["transaction_id"],
        # A place of its own: captains close it, and the others' must stay open.
        "p_location_id": ground.location("To be closed"),
        "p_from_location_id": locker,
        "p_to_location_id": ground.location("Bin"),
        "p_counted_quantity": 7,
        "p_counts": [{"part_id": part, "counted_quantity": 7}],
        "p_reason": "Evidence",
        "p_signature": {"pin": "90210773", "totp": "000000"},
        "p_changes": {"description": "Scanned"},
        "p_rows": [{"part_number": "SC-1", "name": "Scanned", "location": "Deck"}],
        "p_dry_run": True,
        "p_part_number": f"SC-{uuid.uuid4().hex[:8]}",
        "p_name": "Scanned",
        "p_query": "scanned",
        "p_at": "2100-01-01T00:00:00Z",
        "p_user_id": ground.people["scan_crew"],
        "p_pin": "90210773",
        "p_code": "AAAAAAAAAAAAAAAA",
        "p_totp": "000000",
        "p_limit": 5,
    }


CLAIMS = (
    Claim(
        "zero_5xx",
        "No route answers with a server error, however it is called and by whom.",
        zero_5xx,
        15,
    ),
)
