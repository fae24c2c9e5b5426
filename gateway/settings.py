"""The gateway's settings: read once from the environment, never changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

from gateway.tenancy import SECRET_BYTES_MIN, TenancyError, check_conninfo, tenants_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.tenancy import TenantUrls

HMAC = "HS256"
KEY_ALGORITHMS = ("RS256", "ES256", "EdDSA")
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
    # With MASTER there are many tenants, and the three URLs above are not read.
    master_url: str = field(default="", repr=False)
    master_cache: float = 60.0
    master_stale: float = 900.0
    tenants: Mapping[str, TenantUrls] = field(default_factory=dict)
    # Set where the PostgREST has another secret than the gateway.
    postgrest_jwt_secret: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = 3000
    pool_size: int = 10
    pool_timeout: float = 10.0
    prepare: bool = True
    body_limit: int = 1024 * 1024
    log_level: str = "INFO"
    # Whose pages may read answers; none named: all, as in PostgREST.
    cors_origins: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings from ``PART_LENS_*`` variables.

        :raises SettingsError: when one is missing or unusable.
        """

        def text(name: str, default: str = "") -> str:
            return environment.get(f"PART_LENS_{name}", "").strip() or default

        def number(name: str, default: int, *, least: int, most: int) -> int:
            value = text(name, str(default))
            if not (
                value.isascii() and value.isdigit() and least <= int(value) <= most
            ):
                raise SettingsError(
                    f"PART_LENS_{name} must be a whole number from {least} to {most}"
                )
            return int(value)

        def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
            value = text(name, default)
            if value not in choices:
                raise SettingsError(
                    f"PART_LENS_{name} must be one of {', '.join(choices)}"
                )
            return value

        def secret(name: str) -> str:
            value = text(name)
            if value and len(value.encode()) < SECRET_BYTES_MIN:
                raise SettingsError(
                    f"PART_LENS_{name} must have at least {SECRET_BYTES_MIN} bytes"
                )
            return value

        secrets = tuple(
            value.encode()
            for value in (secret("JWT_SECRET"), secret("JWT_SECRET_PREVIOUS"))
            if value
        )
        jwks = text("JWKS")
        route = cast("Route", choice("ROUTE", "direct", ("direct", "postgrest")))
        database_url = text("DATABASE_URL")
        postgrest_url = text("POSTGREST_URL").rstrip("/")
        master_url = text("MASTER_DATABASE_URL")
        tenants = _tenants(environment, master_url, route) if master_url else {}
        if not master_url:
            _check_one_tenant(route, database_url, postgrest_url)
        return cls(
            jwt_secrets=secrets,
            jwks=jwks,
            jwt_algorithms=_algorithms(
                text("JWT_ALGORITHMS"), secrets=bool(secrets), jwks=bool(jwks)
            ),
            # Set but empty: audiences are not looked at, as in PostgREST.
            jwt_audience=environment.get("PART_LENS_JWT_AUD", "authenticated") or None,
            route=route,
            database_url=database_url,
            listen_url=text("LISTEN_URL", database_url),
            postgrest_url=postgrest_url,
            master_url=master_url,
            master_cache=float(number("MASTER_CACHE", 60, least=1, most=3600)),
            master_stale=float(number("MASTER_STALE", 900, least=0, most=86400)),
            tenants=tenants,
            postgrest_jwt_secret=secret("POSTGREST_JWT_SECRET"),
            host=text("HOST", "127.0.0.1"),
            port=number("PORT", 3000, least=0, most=65535),
            pool_size=number("POOL_SIZE", 10, least=1, most=1000),
            pool_timeout=float(number("POOL_TIMEOUT", 10, least=1, most=600)),
            prepare=choice("PREPARE", "on", ("on", "off")) == "on",
            body_limit=number("BODY_LIMIT", 1024 * 1024, least=1, most=1 << 30),
            log_level=choice("LOG_LEVEL", "INFO", LOG_LEVELS),
            cors_origins=tuple(
                origin.strip()
                for origin in text("CORS_ALLOWED_ORIGINS").split(",")
                if origin.strip()
            ),
        )


def _check_one_tenant(route: Route, database_url: str, postgrest_url: str) -> None:
    if route == "direct" and not database_url:
        raise SettingsError("PART_LENS_DATABASE_URL is missing")
    if route == "postgrest" and not postgrest_url.startswith(("http://", "https://")):
        raise SettingsError("PART_LENS_POSTGREST_URL must be an http(s) URL")


def _tenants(
    environment: Mapping[str, str], master_url: str, route: Route
) -> dict[str, TenantUrls]:
    try:
        check_conninfo("PART_LENS_MASTER_DATABASE_URL", master_url)
        return tenants_in(environment, needed=NEEDED[route])
    except TenancyError as error:
        raise SettingsError(str(error)) from None


def _algorithms(given: str, *, secrets: bool, jwks: bool) -> tuple[str, ...]:
    """Return the algorithms that tokens may be signed with.

    Those named; without a name, those that there is something to verify with.
    """
    able = ((HMAC,) if secrets else ()) + (KEY_ALGORITHMS if jwks else ())
    if not able:
        raise SettingsError("PART_LENS_JWT_SECRET or PART_LENS_JWKS is missing")
    named = tuple(name.strip() for name in given.split(",") if name.strip())
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
