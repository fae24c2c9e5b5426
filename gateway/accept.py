"""Which form of answer an Accept header asks for, as PostgREST negotiates it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from gateway.errors import ApiError

OBJECT = "application/vnd.pgrst.object+json"
ARRAY = "application/vnd.pgrst.array+json"
STRIPPED = "nulls=stripped"
# PostgREST's short forms of the two.
LONG = {"application/vnd.pgrst.object": OBJECT, "application/vnd.pgrst.array": ARRAY}
# What PostgREST names in a refusal may be long: plans have a default purpose.
PLAN = "application/vnd.pgrst.plan"


@dataclass(frozen=True, slots=True)
class Media:
    """The form of an answer: `single` for one object, `stripped` of its nulls."""

    content_type: bytes
    single: bool = False
    stripped: bool = False


JSON = Media(b"application/json; charset=utf-8")
# What nearly every client sends.
PLAIN = frozenset({None, b"*/*", b"application/json"})


def negotiate(accept: bytes | None) -> Media:
    """Return the form that a client prefers of those that there are.

    Media types are compared as they are written, as by PostgREST. CSV, plans and
    what else PostgREST can make of rows are not among them.

    :raises ApiError: 406 PGRST107 when there is none.
    """
    return JSON if accept in PLAIN else _negotiate(accept or b"")


@lru_cache(maxsize=64)
def _negotiate(accept: bytes) -> Media:
    wanted = _by_quality(accept.decode("latin-1"))
    for media_type in wanted:
        if (media := _media(media_type)) is not None:
            return media
    listed = ", ".join(map(_named, wanted))
    raise ApiError(
        406, "PGRST107", f"None of these media types are available: {listed}"
    )


def _by_quality(accept: str) -> list[list[str]]:
    """Return the media types by falling q, each split into name and parameters."""
    found: list[tuple[float, list[str]]] = []
    for item in accept.split(","):
        parts = [part.strip() for part in item.split(";")]
        quality = 1.0
        if len(parts) > 1 and parts[-1].startswith("q="):
            try:
                quality = float(parts.pop()[2:])
            except ValueError:
                quality = 0.0
        found.append((quality, parts))
    return [parts for _, parts in sorted(found, key=lambda pair: -pair[0])]


def _media(media_type: list[str]) -> Media | None:
    name, *parameters = media_type
    name = LONG.get(name, name)
    stripped = parameters == [STRIPPED]
    if name in ("application/json", "*/*") or (name == ARRAY and not stripped):
        return JSON
    if name not in (OBJECT, ARRAY):
        return None
    mime = f"{name};{STRIPPED}" if stripped else name
    return Media(
        f"{mime}; charset=utf-8".encode(), single=name == OBJECT, stripped=stripped
    )


def _named(media_type: list[str]) -> str:
    name = media_type[0]
    if name in (PLAN, f"{PLAN}+text", f"{PLAN}+json"):
        kind = "json" if name.endswith("+json") else "text"
        return f'{PLAN}+{kind}; for="application/json"'
    return name
