"""The gateway's settings: read once from the environment, never changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypedDict, cast

from gateway.tenancy import (
    TenancyError,
    check_conninfo,
    check_secret,
    tenants_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.tenancy import TenantUrls

HMAC = "HS256"
KEY_ALGORITHMS = ("RS256", "ES256", "EdDSA")
# Connections: two cores of a database are busy with them, and keep their caches.
POOL_SIZE = 6
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

Route = Literal["direct", "postgrest"]

# What each route must know of a tenant.
NEEDED: Mapping[Route, str] = {"direct": "DATABASE_URL", "postgrest": "POSTGREST_URL"}


class SettingsError(Exception):
    """A setting is missing or unusable; the text names it and never its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the gateway can be told.

    Times are seconds. Secrets stay out of ``repr``.
    """

    # The second is the one before, whose tokens hold until it is taken out.
    jwt_secrets: tuple[bytes, ...] = field(repr=False)
    jwks: str = field(default="", repr=False)
    jwt_algorithms: tuple[str, ...] = (HMAC,)
    jwt_audience: str | None = "authenticated"
    route: Route = "direct"
    database_url: str = field(default="", repr=False)
    # NOTIFY does not pass a pooler in transaction mode: this goes around it.
    listen_url: str = field(default="", repr=False)
    postgrest_url: str = field(default="", repr=False)
    # Set where the PostgREST has another secret than the gateway.
    postgrest_jwt_secret: str = field(default="", repr=False)
    # With MASTER there are many tenants, and the three URLs above are not read.
    master_url: str = field(default="", repr=False)
    master_cache: float = 60.0
    master_stale: float = 900.0
    tenants: Mapping[str, TenantUrls] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 3000
    pool_size: int = 10
    pool_timeout: float = 10.0
    prepare: bool = True
    body_limit: int = 1024 * 1024
    # Of 127.0.0.1: everything that Prometheus may know. 0: nowhere.
    metrics_port: int = 0
    log_level: str = "INFO"
    # How long a window of the canary is; 0: calls are not counted.
    window_seconds: float = 10.0
    # Answers for yachts that are not in yet.
    v1_url: str = ""
    # A storage server to forward to, or where fsspec keeps what is served here.
    storage_upstream: str = field(default="", repr=False)
    storage_url: str = field(default="", repr=False)
    storage_secret: bytes = field(default=b"", repr=False)
    # Whose pages may read answers; none named: all, as in PostgREST.
    cors_origins: tuple[str, ...] = ()

    def of_tenant(self, alias: str) -> Settings:
        """Return the settings of a gateway for one of the tenants alone."""
        urls = self.tenants[alias]
        return replace(
            self,
            database_url=urls.database_url,
            listen_url=urls.listen_url,
            postgrest_url=urls.postgrest_url,
            postgrest_jwt_secret=urls.postgrest_jwt_secret or self.postgrest_jwt_secret,
            storage_upstream=urls.storage_upstream or self.storage_upstream,
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings from ``PART_LENS_*`` variables.

        :raises SettingsError: when one is missing or unusable.
        """
        read = _Variables(environment)
        secrets = tuple(
            value.encode()
            for value in (read.secret("JWT_SECRET"), read.secret("JWT_SECRET_PREVIOUS"))
            if value
        )
        jwks = read.text("JWKS")
        route = cast("Route", read.choice("ROUTE", "direct", ("direct", "postgrest")))
        database_url = read.conninfo("DATABASE_URL")
        postgrest_url = read.text("POSTGREST_URL").rstrip("/")
        master_url = read.text("MASTER_DATABASE_URL")
        if master_url:
            tenants = _tenants(environment, master_url, route)
        elif route == "direct" and not database_url:
            raise SettingsError("PART_LENS_DATABASE_URL is missing")
        elif route == "postgrest" and not postgrest_url.startswith(
            ("http://", "https://")
        ):
            raise SettingsError("PART_LENS_POSTGREST_URL must be an http(s) URL")
        return cls(
            jwt_secrets=secrets,
            jwks=jwks,
            jwt_algorithms=_algorithms(
                read.names("JWT_ALGORITHMS"), secrets=bool(secrets), jwks=bool(jwks)
            ),
            # Set but empty: audiences are not looked at, as in PostgREST.
            jwt_audience=environment.get("PART_LENS_JWT_AUD", "authenticated") or None,
            route=route,
            database_url=database_url,
            listen_url=read.conninfo("LISTEN_URL") or database_url,
            postgrest_url=postgrest_url,
            postgrest_jwt_secret=read.secret("POSTGREST_JWT_SECRET"),
            master_url=master_url,
            master_cache=float(read.number("MASTER_CACHE", 60, least=1, most=3600)),
            master_stale=float(read.number("MASTER_STALE", 900, least=0, most=86400)),
            tenants=tenants if master_url else {},
            host=read.text("HOST", "127.0.0.1"),
            port=read.number("PORT", 3000, least=0, most=65535),
            pool_size=read.number("POOL_SIZE", POOL_SIZE, least=1, most=1000),
            pool_timeout=float(read.number("POOL_TIMEOUT", 10, least=1, most=600)),
            prepare=read.choice("PREPARE", "on", ("on", "off")) == "on",
            body_limit=read.number("BODY_LIMIT", 1024 * 1024, least=1, most=1 << 30),
            metrics_port=read.number("METRICS_PORT", 0, least=0, most=65535),
            log_level=read.choice("LOG_LEVEL", "INFO", LOG_LEVELS),
            window_seconds=read.seconds("WINDOW_SECONDS", "10", most=300),
            v1_url=read.http_url("V1_URL"),
            cors_origins=read.names("CORS_ALLOWED_ORIGINS"),
            **_storage(read),
        )


class _Variables:
    """Reads PART_LENS_* variables; empty ones count as unset."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str, default: str = "") -> str:
        return self._environment.get(f"PART_LENS_{name}", "").strip() or default

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            raise SettingsError(
                f"PART_LENS_{name} must be a whole number from {least} to {most}"
            )
        return int(value)

    def seconds(self, name: str, default: str, *, most: float) -> float:
        """A time, or 0 for never."""
        try:
            value = float(self.text(name, default))
        except ValueError:
            value = -1
        if value != 0 and not 0.05 <= value <= most:
            raise SettingsError(
                f"PART_LENS_{name} must be a number from 0.05 to {most}, or 0"
            )
        return value

    def http_url(self, name: str) -> str:
        value = self.text(name)
        if value and not value.startswith(("http://", "https://")):
            raise SettingsError(f"PART_LENS_{name} must be an http(s) URL")
        return value.rstrip("/")

    def conninfo(self, name: str) -> str:
        if value := self.text(name):
            _checked(check_conninfo, f"PART_LENS_{name}", value)
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise SettingsError(f"PART_LENS_{name} must be one of {', '.join(choices)}")
        return value

    def names(self, name: str) -> tuple[str, ...]:
        """A list that commas separate."""
        return tuple(n.strip() for n in self.text(name).split(",") if n.strip())

    def secret(self, name: str) -> str:
        if value := self.text(name):
            _checked(check_secret, f"PART_LENS_{name}", value)
        return value


class _Storage(TypedDict):
    storage_upstream: str
    storage_url: str
    storage_secret: bytes


def _storage(read: _Variables) -> _Storage:
    upstream = read.text("STORAGE_UPSTREAM").rstrip("/")
    url = read.text("STORAGE_URL")
    secret = read.secret("STORAGE_SECRET").encode()
    if upstream and url:
        raise SettingsError(
            "PART_LENS_STORAGE_UPSTREAM and PART_LENS_STORAGE_URL exclude each other"
        )
    if upstream and not upstream.startswith(("http://", "https://")):
        raise SettingsError("PART_LENS_STORAGE_UPSTREAM must be an http(s) URL")
    if url and not secret:
        raise SettingsError(
            "PART_LENS_STORAGE_SECRET is missing: it signs the URLs of objects"
        )
    return _Storage(storage_upstream=upstream, storage_url=url, storage_secret=secret)


def _algorithms(
    named: tuple[str, ...], *, secrets: bool, jwks: bool
) -> tuple[str, ...]:
    """Return the algorithms that tokens may be signed with.

    Those named; without a name, those that there is something to verify with.
    """
    able = ((HMAC,) if secrets else ()) + (KEY_ALGORITHMS if jwks else ())
    if not able:
        raise SettingsError("PART_LENS_JWT_SECRET or PART_LENS_JWKS is missing")
    for name in named:
        if name not in (HMAC, *KEY_ALGORITHMS):
            raise SettingsError(
                "PART_LENS_JWT_ALGORITHMS must be some of "
                + ", ".join((HMAC, *KEY_ALGORITHMS))
            )
        if name not in able:
            missing = "JWT_SECRET" if name == HMAC else "JWKS"
            raise SettingsError(
                f"PART_LENS_JWT_ALGORITHMS names {name}: PART_LENS_{missing} is missing"
            )
    return named or able


def _tenants(
    environment: Mapping[str, str], master_url: str, route: Route
) -> dict[str, TenantUrls]:
    _checked(check_conninfo, "PART_LENS_MASTER_DATABASE_URL", master_url)
    try:
        return tenants_in(environment, needed=NEEDED[route])
    except TenancyError as error:
        raise SettingsError(str(error)) from None


def _checked(check: Callable[[str, str], None], name: str, value: str) -> None:
    try:
        check(name, value)
    except TenancyError as error:
        raise SettingsError(str(error)) from None
