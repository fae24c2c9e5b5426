"""Where the tenants' databases are: one set of variables for each tenant."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from collections.abc import Mapping

# RFC 7518 §3.2: an HS256 key has at least the size of the hash.
SECRET_BYTES_MIN = 32
# As the MASTER database has them: a CHECK of master.tenants.
ALIAS = re.compile(r"[A-Z][A-Z0-9_]{0,62}")
VARIABLE = re.compile(
    r"TENANT_(?P<alias>.+)_"
    r"(?P<part>DATABASE_URL|LISTEN_URL|POSTGREST_URL|POSTGREST_JWT_SECRET"
    r"|STORAGE_UPSTREAM)"
)


class TenancyError(Exception):
    """A variable is missing or unusable; the text names it and never its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantUrls:
    """Where one tenant is; what its route does not need may be empty."""

    database_url: str = field(default="", repr=False)
    listen_url: str = field(default="", repr=False)
    postgrest_url: str = field(default="", repr=False)
    postgrest_jwt_secret: str = field(default="", repr=False)
    storage_upstream: str = field(default="", repr=False)


def tenants_in(environment: Mapping[str, str], *, needed: str) -> dict[str, TenantUrls]:
    """Read ``TENANT_<ALIAS>_…`` variables; empty ones count as unset.

    :param needed: the part that every tenant must have: ``DATABASE_URL`` or
        ``POSTGREST_URL``.
    :raises TenancyError: for an alias that MASTER cannot have, for a URL that is none
        or is missing, and when there is no tenant.
    """
    given: dict[str, dict[str, str]] = {}
    for name, value in sorted(environment.items()):
        found = VARIABLE.fullmatch(name)
        if found is None or not value.strip():
            continue
        if not ALIAS.fullmatch(found["alias"]):
            raise TenancyError(
                f"{name}: an alias is made of upper-case letters, digits and _"
            )
        _check(name, value.strip())
        given.setdefault(found["alias"], {})[found["part"]] = value.strip()
    if not given:
        raise TenancyError(f"TENANT_<ALIAS>_{needed} is missing: there is no tenant")
    for alias, parts in given.items():
        if needed not in parts:
            raise TenancyError(f"TENANT_{alias}_{needed} is missing")
    return {
        alias: TenantUrls(
            database_url=parts.get("DATABASE_URL", ""),
            listen_url=parts.get("LISTEN_URL", parts.get("DATABASE_URL", "")),
            postgrest_url=parts.get("POSTGREST_URL", "").rstrip("/"),
            postgrest_jwt_secret=parts.get("POSTGREST_JWT_SECRET", ""),
            storage_upstream=parts.get("STORAGE_UPSTREAM", "").rstrip("/"),
        )
        for alias, parts in given.items()
    }


def check_conninfo(name: str, value: str) -> None:
    """Look whether a variable's value is a libpq connection string.

    :raises TenancyError: it is none; libpq's own words would quote it.
    """
    try:
        conninfo_to_dict(value)
    except ProgrammingError:
        raise TenancyError(f"{name} is not a connection string") from None


def check_secret(name: str, value: str) -> None:
    """Look whether a variable's value is long enough to sign with.

    :raises TenancyError: it is too short.
    """
    if len(value.encode()) < SECRET_BYTES_MIN:
        raise TenancyError(f"{name} must have at least {SECRET_BYTES_MIN} bytes")


def _check(name: str, value: str) -> None:
    if name.endswith("_POSTGREST_JWT_SECRET"):
        check_secret(name, value)
    elif not name.endswith(("_POSTGREST_URL", "_STORAGE_UPSTREAM")):
        check_conninfo(name, value)
    elif not value.startswith(("http://", "https://")):
        raise TenancyError(f"{name} must be an http(s) URL")
