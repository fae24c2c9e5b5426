"""`python -m gateway --check`: what an operator wants to know before traffic comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import tuple_row

from gateway import catalogue
from gateway.database import CHANNEL
from gateway.master import LOOK_UP, NOBODY
from gateway.postgrest import PostgrestRoute
from gateway.reporting import Way, way_of
from gateway.statements import SCHEMA
from gateway.storage import storage_of, try_store
from gateway.tokens import ROLES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from typing import Any, LiteralString

    from gateway.settings import Settings

# Otherwise the server's log shows PINs and codes: as parameters of statements, and in
# what an error quotes of them.
SILENT: Mapping[str, str] = {
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}
LOGIN = """
SELECT
    r.rolsuper OR r.rolbypassrls,
    r.rolinherit,
    ARRAY(
        SELECT x.role
        FROM unnest(%s::text[]) AS x (role)
        WHERE NOT EXISTS (
            SELECT FROM pg_catalog.pg_roles AS o
            WHERE o.rolname = x.role
                AND pg_catalog.pg_has_role(current_user, o.oid, 'MEMBER')
        )
        ORDER BY x.role
    )
FROM pg_catalog.pg_roles AS r
WHERE r.rolname = current_user
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact, and whether it is as it should be."""

    good: bool
    text: str


async def check(settings: Settings) -> list[Finding]:
    """Look at everything that a gateway with these settings relies on."""
    findings = [Finding(True, f"configuration: route {settings.route}")]
    tenants = [settings]
    if settings.master_url:
        findings.append(
            await _answering("MASTER", settings.master_url, LOOK_UP, NOBODY)
        )
        tenants = [settings.of_tenant(alias) for alias in settings.tenants]
    if settings.jwks:
        findings.append(await _keys(settings.jwks))
    findings += _store(settings)
    for tenant in tenants:
        if tenant.database_url:
            findings += [f async for f in _database(tenant.database_url)]
        if tenant.listen_url not in ("", tenant.database_url):
            findings.append(
                await _answering("LISTEN_URL", tenant.listen_url, f"LISTEN {CHANNEL}")
            )
        if tenant.route == "postgrest":
            findings.append(await _upstream(tenant))
        findings.append(_windows(tenant))
    return findings


async def _answering(
    name: str, url: str, statement: LiteralString, *parameters: object
) -> Finding:
    """Look whether a database answers what it will be asked."""
    where = _where(url)
    try:
        async with await psycopg.AsyncConnection.connect(
            url, autocommit=True, connect_timeout=5
        ) as connection:
            await connection.execute(statement, parameters)
    except psycopg.Error as error:
        return Finding(False, f"{name} {where}: {_reason(error)}")
    return Finding(True, f"{name} {where}: answers")


async def _keys(location: str) -> Finding:
    from gateway.jwks import KeySet, KeySetError

    keys = KeySet(location)
    try:
        found = await keys.read()
    except KeySetError as error:
        return Finding(False, f"PART_LENS_JWKS: {error}")
    finally:
        await keys.close()
    return Finding(True, f"PART_LENS_JWKS: {len(found)} keys")


def _store(settings: Settings) -> list[Finding]:
    if settings.storage_upstream or not settings.storage_url:
        return []
    unusable = try_store(settings, writing=True)
    return [Finding(not unusable, unusable or "PART_LENS_STORAGE_URL: can be used")]


async def _database(url: str) -> AsyncIterator[Finding]:
    where = _where(url)
    try:
        connection = await psycopg.AsyncConnection.connect(
            url, autocommit=True, connect_timeout=5
        )
    except psycopg.Error as error:
        yield Finding(False, f"database {where}: {_reason(error)}")
        return
    async with connection:
        version = connection.info.parameter_status("server_version")
        yield Finding(True, f"database {where}: PostgreSQL {version} answers")
        async for finding in _login(connection):
            yield finding
        found = await catalogue.load(connection)
        count = len(found.functions)
        yield Finding(count > 0, f"functions: {count} in schema {SCHEMA}")
        async for finding in _logging(connection):
            yield finding


async def _login(connection: psycopg.AsyncConnection[Any]) -> AsyncIterator[Finding]:
    cursor = connection.cursor(row_factory=tuple_row)
    row = await (await cursor.execute(LOGIN, [sorted(ROLES)])).fetchone()
    if row is None:
        return
    unbound, inherits, missing = row
    user = connection.info.user
    if unbound:
        yield Finding(False, f"login {user}: row security does not bind it")
    elif inherits:
        yield Finding(False, f"login {user}: should be NOINHERIT")
    elif missing:
        yield Finding(False, f"login {user}: may not act as {', '.join(missing)}")
    else:
        yield Finding(True, f"login {user}: may act as {', '.join(sorted(ROLES))}")


async def _logging(connection: psycopg.AsyncConnection[Any]) -> AsyncIterator[Finding]:
    cursor = connection.cursor(row_factory=tuple_row)
    for name, safe in SILENT.items():
        await cursor.execute("SELECT current_setting(%s)", [name])
        row = await cursor.fetchone()
        value = row[0] if row else ""
        why = f": PINs and codes may reach the server's log; set it to {safe}"
        yield Finding(value == safe, f"{name} = {value}{'' if value == safe else why}")


async def _upstream(settings: Settings) -> Finding:
    route = PostgrestRoute(settings.postgrest_url, storage_of(settings, None))
    await route.open()
    try:
        good = await route.ready()
    finally:
        await route.close()
    scheme, _, rest = settings.postgrest_url.partition("://")
    # Without user and password, wherever they end.
    where = f"{scheme}://{rest.rpartition('@')[2]}"
    return Finding(
        good, f"PostgREST {where}: {'answers' if good else 'does not answer'}"
    )


def _windows(settings: Settings) -> Finding:
    way = way_of(settings)
    return Finding(way is not Way.NONE, way.value)


def _where(url: str) -> str:
    """Name a database without its password."""
    given = conninfo_to_dict(url)
    return f"{given.get('dbname', '')} on {given.get('host', 'the local socket')}"


def _reason(error: psycopg.Error) -> str:
    # What follows are hints, and other attempts.
    return str(error).strip().partition("\n")[0]
