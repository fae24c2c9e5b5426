"""What a client prefers, in the words of its Prefer headers."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import ApiError

COUNTS = ("count=exact", "count=planned", "count=estimated")
HANDLINGS = ("handling=strict", "handling=lenient")
# Known, and without a meaning for functions; `tx` also because no client decides
# whether its call is committed: see db-tx-end in deploy/postgrest.conf.
IGNORED = frozenset(
    {
        "resolution=merge-duplicates",
        "resolution=ignore-duplicates",
        "return=representation",
        "return=minimal",
        "return=headers-only",
        "missing=default",
        "missing=null",
        "tx=commit",
        "tx=rollback",
    }
)
TIMEZONE, MAX_AFFECTED = "timezone=", "max-affected="
INT8_MOST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Preferences:
    """The preferences that concern a call."""

    count: str | None = None
    timezone: str | None = None
    # Only under handling=strict does PostgREST keep to it.
    max_affected: int | None = None
    applied: bytes = b""
    invalid: tuple[str, ...] = ()

    @property
    def counted(self) -> bool:
        """Say whether the total is to be counted; a plan's guess is not one."""
        return self.count in ("count=exact", "count=estimated")

    def check(self, *, many: bool) -> None:
        """Refuse what strict handling does not let pass.

        :param many: whether the function returns a set of rows.
        :raises ApiError: 400 PGRST122 for unknown preferences, PGRST128 for a bound on
            the rows of a function that has only one value.
        """
        if self.invalid:
            raise ApiError(
                400,
                "PGRST122",
                "Invalid preferences given with handling=strict",
                details="Invalid preferences: " + ", ".join(self.invalid),
            )
        if self.max_affected is not None and not many:
            raise ApiError(
                400,
                "PGRST128",
                "Function must return SETOF or TABLE when max-affected preference is"
                " used with handling=strict",
            )


NONE = Preferences()


def read_preferences(headers: list[bytes]) -> Preferences:
    """Read the values of all Prefer headers; the first of a kind counts."""
    if not headers:
        return NONE
    given = [
        preference.strip()
        for header in headers
        for preference in header.decode("latin-1").split(",")
    ]
    count = _first(given, COUNTS)
    handling = _first(given, HANDLINGS)
    timezone = _after(given, TIMEZONE)
    most = _after(given, MAX_AFFECTED)
    strict = handling == "handling=strict"
    max_affected = None
    if strict and most is not None and most.isascii() and most.isdigit():
        max_affected = min(int(most[:20]), INT8_MOST)
    applied = [text for text in (count, handling) if text]
    if timezone is not None:
        applied.append(TIMEZONE + timezone)
    if max_affected is not None:
        applied.append(f"{MAX_AFFECTED}{max_affected}")
    return Preferences(
        count=count,
        timezone=timezone,
        max_affected=max_affected,
        applied=", ".join(applied).encode("latin-1"),
        invalid=tuple(p for p in given if not _known(p)) if strict else (),
    )


def _first(given: list[str], known: tuple[str, ...]) -> str | None:
    return next((preference for preference in given if preference in known), None)


def _after(given: list[str], prefix: str) -> str | None:
    return next((p.removeprefix(prefix) for p in given if p.startswith(prefix)), None)


def _known(preference: str) -> bool:
    return (
        preference in IGNORED
        or preference in COUNTS
        or preference in HANDLINGS
        or preference.startswith((TIMEZONE, MAX_AFFECTED))
    )
