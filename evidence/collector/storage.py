"""The claim on storage: who may do what with objects of which bucket, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.collector.claims import Claim, Finding
from evidence.collector.ground import ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evidence.collector.ground import Ground

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
PDF = b"%PDF-1.7\n%%EOF\n"
BUCKETS: Mapping[str, tuple[str, bytes]] = {
    "pms-label-pdfs": ("application/pdf", PDF),
    "pms-part-photos": ("image/png", PNG),
    "pms-receiving-images": ("image/png", PNG),
}
OPERATIONS = ("read", "upload", "update", "delete")
PERSONS = (*ROLES, "stranger", "anon", "nobody")


def matrix(ground: Ground) -> Finding:
    """Each person tries each operation in each bucket, on objects of their own test."""
    if is_missing(ground):
        return Finding(None, {"not_examined": "this installation has no storage"})
    got = {
        bucket: {who: _tries(ground, bucket, who) for who in PERSONS}
        for bucket in BUCKETS
    }
    left = {bucket: _remove(ground, bucket) for bucket in BUCKETS}
    wrong = [
        {"bucket": bucket, "who": who, "operation": operation, "answer": answer}
        for bucket, people in got.items()
        for who, answers in people.items()
        for operation, answer in answers.items()
        if (answer == "allowed") != _may(who, operation) or answer.startswith("5")
    ]
    return Finding(not wrong, {"answers": got, "differs": wrong, "removed": left})


def is_missing(ground: Ground) -> bool:
    """Whether the installation was set up without storage, which it then says."""
    told = _send(ground, "crew", "read", next(iter(BUCKETS)), f"{ground.yacht_id}/none")
    return told == "501 NotSupported"


def _may(who: str, operation: str) -> bool:
    if operation in ("read", "upload"):
        return who in ROLES
    return who == "manager"


def _tries(ground: Ground, bucket: str, who: str) -> dict[str, str]:
    there, new = (f"{ground.yacht_id}/{which}/{who}" for which in ("there", "new"))
    prepared = _send(ground, "crew", "upload", bucket, there)
    if prepared != "allowed":
        return dict.fromkeys(OPERATIONS, f"not tried: {prepared}")
    return {
        operation: _send(
            ground, who, operation, bucket, new if operation == "upload" else there
        )
        for operation in OPERATIONS
    }


def _send(ground: Ground, who: str, operation: str, bucket: str, name: str) -> str:
    """`allowed`, or Storage's status and code, which stand in the body."""
    method = {"read": "GET", "upload": "POST", "update": "PUT", "delete": "DELETE"}
    type_, content = BUCKETS[bucket]
    writes = operation in ("upload", "update")
    response = ground.http.request(
        method[operation],
        f"/storage/v1/object/{bucket}/{name}",
        content=content if writes else None,
        headers=ground.headers(who) | ({"Content-Type": type_} if writes else {}),
    )
    if response.is_success:
        return "allowed"
    body = response.json()
    return f"{body.get('statusCode', response.status_code)} {body.get('code')}"


def _remove(ground: Ground, bucket: str) -> int:
    """What was stored goes again; how many objects that were."""
    names = [
        f"{ground.yacht_id}/{w}/{who}" for w in ("there", "new") for who in PERSONS
    ]
    response = ground.http.request(
        "DELETE",
        f"/storage/v1/object/{bucket}",
        json={"prefixes": names},
        headers=ground.headers("manager"),
    )
    return len(response.json())


CLAIMS = (
    Claim(
        "storage_matrix",
        "People of the yacht read and add objects, managers alone change and delete.",
        matrix,
        4,
    ),
)
