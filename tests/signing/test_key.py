"""The key that encrypts authenticators' secrets, and what a restart forgets."""

from __future__ import annotations

import base64
import subprocess
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from deploy.cluster import DATABASE, DEPLOYER
from tests.fleet import PIN, desk, launch, secret_of
from tests.signing.spy import Spy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deploy.cluster import Cluster
    from tests.fleet import Answer, Fleet, Ship

# Each would show the key, or open a way to it.
FORBIDDEN = [
    "SELECT private.totp_key()",
    "SELECT private.rotate_totp_key()",
    "SELECT * FROM private.signing_credentials",
    "SELECT pg_read_file('part_lens_totp.key')",
    "SELECT pg_read_file('part_lens_totp.key', 0, 1000, true)",
    "SELECT pg_read_binary_file('part_lens_totp.key')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('part_lens_totp.key')",
    "COPY (SELECT 1) TO PROGRAM 'cat part_lens_totp.key'",
    "SET ROLE pms_keyholder",
    "SET ROLE pms_rpc",
    "SET ROLE pms_owner",
]
# What anybody may look at.
PUBLIC_PLACES = [
    "SELECT string_agg(s.name || ' ' || s.setting, E'\\n') FROM pg_settings AS s",
    "SELECT string_agg(d.setconfig::text, E'\\n') FROM pg_db_role_setting AS d",
    "SELECT string_agg(p.prosrc, E'\\n') FROM pg_proc AS p",
    "SELECT string_agg(d.description, E'\\n') FROM pg_description AS d",
    "SELECT string_agg(a.query, E'\\n') FROM pg_stat_activity AS a",
]


@pytest.fixture
def ship(fleet: Fleet) -> Ship:
    """A ship whose captain signs."""
    found = launch(fleet, 100)
    fleet.enrol(found.captain)
    return found


@pytest.fixture
def spy(key_file: Path, ship: Ship) -> Spy:
    """Looks for the key, and for the captain's secret and PIN."""
    found = Spy()
    secret = secret_of(ship.captain)
    found.hush(*key_file.read_text("utf-8").splitlines(), PIN)
    found.hush(secret.hex(), base64.b32encode(secret).decode())
    return found


@pytest.fixture
def keys(key_file: Path) -> Iterator[Path]:
    """The file of the keys, with what was in it put back afterwards, at the end."""
    before = key_file.read_text("utf-8")
    yield key_file
    after = [
        key for key in key_file.read_text("utf-8").splitlines() if key not in before
    ]
    key_file.write_text("\n".join([*after, before]), "utf-8")


def sign(server: Cluster, fleet: Fleet, ship: Ship, **more: Any) -> Answer:
    """A write-off that the captain signs."""
    fleet.forget_codes(ship.captain)
    arguments = ship.movement(1, p_reason="Wet", p_signature=fleet.code(ship.captain))
    with desk(server.url("authenticator", DATABASE)) as call:
        return call(ship.captain, "write_off_part", **arguments | more)


def test_dumps_hold_neither_key_nor_secret(
    server: Cluster, fleet: Fleet, ship: Ship, spy: Spy
) -> None:
    """A backup that is stolen signs nothing."""
    assert sign(server, fleet, ship).status == 200
    programs = server.server.programs()
    for command, trace in (
        (["pg_dump", "-C", "--dbname", server.url("postgres", DATABASE)], "$2a$"),
        (["pg_dumpall", "-g", "--dbname", server.url("postgres")], "pms_keyholder"),
    ):
        text = subprocess.run(
            [programs / command[0], *command[1:]],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert trace in text
        assert spy.found(text) == set(), command


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role", None])
def test_no_api_role_gets_at_the_key(
    server: Cluster, ship: Ship, spy: Spy, role: str | None
) -> None:
    """Not by asking, not from files or settings, not as another role."""
    with psycopg.connect(
        server.url("authenticator", DATABASE), autocommit=True
    ) as connection:
        if role is not None:
            connection.execute(f"SET ROLE {role}".encode())
        connection.execute(
            "SELECT set_config('request.jwt.claims', %s, false)",
            [f'{{"sub": "{ship.captain}", "role": "{role}"}}'],
        )
        for statement in FORBIDDEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
        for statement in PUBLIC_PLACES:
            row = connection.execute(statement.encode()).fetchone()
            assert row is not None
            assert spy.found(row[0] or "") == set(), statement


def test_key_is_rotated_by_one_call(
    server: Cluster, fleet: Fleet, ship: Ship, keys: Path
) -> None:
    """As SIGNING.md has it: a new key on top, the call, the old line away."""
    old = keys.read_text("utf-8")
    new = "a new key of at least thirty-two characters"
    keys.write_text(f"{new}\n{old}", "utf-8")
    assert sign(server, fleet, ship).status == 200
    with psycopg.connect(server.url(DEPLOYER, DATABASE)) as connection:
        row = connection.execute("SELECT private.rotate_totp_key()").fetchone()
    assert row is not None
    assert row[0] >= 1
    keys.write_text(f"{new}\n", "utf-8")
    assert sign(server, fleet, ship).status == 200
    keys.write_text(old, "utf-8")
    assert sign(server, fleet, ship).code == "signing_key_missing"
    keys.write_text(f"{new}\n", "utf-8")


def test_without_a_key_nobody_enrols(
    server: Cluster, fleet: Fleet, ship: Ship, keys: Path
) -> None:
    """A clear refusal, and no secret in clear; a key that is too short is none."""
    before = fleet.rows("SELECT FROM private.signing_credentials")
    for content in ("", "\n", "short\n"):
        whole = keys.read_text("utf-8")
        keys.write_text(content, "utf-8")
        try:
            with desk(server.url("authenticator", DATABASE)) as call:
                answer = call(
                    ship.people["crew"],
                    "enroll_signature",
                    p_yacht_id=ship.yacht_id,
                    p_pin="314159",
                    p_code="A" * 16,
                )
        finally:
            keys.write_text(whole, "utf-8")
        assert (answer.status, answer.code) == (409, "signing_key_missing")
    assert fleet.rows("SELECT FROM private.signing_credentials") == before
    assert fleet.failures(ship.people["crew"]) == 0


def test_restart_forgets_no_failure(server: Cluster, fleet: Fleet, ship: Ship) -> None:
    """Five wrong signatures lock, before and after; the key is where it was."""
    for number in range(5):
        wrong = {"pin": f"{number:06}", "totp": "00000"}
        assert sign(server, fleet, ship, p_signature=wrong).status == 403
    fleet.connection.close()
    server.stop()
    server.start()
    with psycopg.connect(server.url(DEPLOYER, DATABASE), autocommit=True) as connection:
        again = type(fleet)(connection)
        assert again.failures(ship.captain) == 5
        assert sign(server, again, ship).code == "signature_locked"
        again.execute("DELETE FROM private.signing_failures")
        assert sign(server, again, ship).status == 200
