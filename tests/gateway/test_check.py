"""`python -m gateway --check` and `--help`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deploy.process import free_port
from tests.gateway.conftest import DATABASE, SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.cluster import Cluster
    from tests.gateway.conftest import Api


def gateway(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    named = {f"PART_LENS_{name}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        env={"PATH": os.environ["PATH"], **named},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_names_the_options() -> None:
    found = gateway("--help")
    assert found.returncode == 0
    assert "--workers" in found.stdout
    assert "--check" in found.stdout


def test_a_good_installation_passes(database_url: str) -> None:
    """A line for each thing that was looked at."""
    found = gateway("--check", JWT_SECRET=SECRET, DATABASE_URL=database_url)
    assert found.returncode == 0, found.stdout + found.stderr
    assert {line[:4] for line in found.stdout.splitlines()} == {"ok  "}
    assert "log_parameter_max_length = 0" in found.stdout


def test_a_login_past_row_security_fails(protocol_cluster: Cluster) -> None:
    """The gateway must not be whom no policy binds; no password is shown."""
    url = protocol_cluster.url("postgres", DATABASE)
    found = gateway("--check", JWT_SECRET=SECRET, DATABASE_URL=url)
    assert found.returncode == 1
    assert "FAIL  login postgres: row security does not bind it" in found.stdout
    assert protocol_cluster.passwords["postgres"] not in found.stdout + found.stderr


def test_a_server_that_logs_parameters_fails(
    protocol_cluster: Cluster, database_url: str
) -> None:
    """PINs and codes are parameters."""
    with protocol_cluster.connect() as connection:
        connection.execute("ALTER SYSTEM SET log_parameter_max_length = -1")
        connection.execute("SELECT pg_reload_conf()")
        try:
            found = gateway("--check", JWT_SECRET=SECRET, DATABASE_URL=database_url)
        finally:
            connection.execute("ALTER SYSTEM RESET log_parameter_max_length")
            connection.execute("SELECT pg_reload_conf()")
    assert found.returncode == 1
    assert "FAIL  log_parameter_max_length = -1" in found.stdout


def test_what_is_away_is_named() -> None:
    """One line, and no traceback."""
    url = f"postgresql://authenticator:hush@127.0.0.1:{free_port()}/part_lens"
    found = gateway("--check", JWT_SECRET=SECRET, DATABASE_URL=url)
    assert found.returncode == 1
    assert "FAIL  database part_lens on 127.0.0.1" in found.stdout
    assert "hush" not in found.stdout + found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize("secret", ["hush", "hu/sh", "hu@sh"])
def test_a_postgrest_is_named_without_its_password(secret: str) -> None:
    url = f"http://someone:{secret}@127.0.0.1:{free_port()}/rest"
    settings = {"ROUTE": "postgrest", "POSTGREST_URL": url}
    found = gateway("--check", JWT_SECRET=SECRET, **settings)
    assert found.returncode == 1
    assert "FAIL  PostgREST http://127.0.0.1" in found.stdout
    said = found.stdout + found.stderr
    assert not [word for word in ("someone", "hu", "Traceback") if word in said]


def test_a_wrong_setting_is_one_line() -> None:
    found = gateway("--check", JWT_SECRET="x")  # noqa: S106 - too short to be one
    assert found.returncode == 1
    assert "PART_LENS_JWT_SECRET" in found.stderr
    assert "Traceback" not in found.stderr


def test_windows_that_cannot_be_reported_fail(reference: Api, tmp_path: Path) -> None:
    """A key set verifies and does not sign: the ramp would see no call."""
    (tmp_path / "keys.json").write_text('{"keys": []}')
    settings = {
        "ROUTE": "postgrest",
        "POSTGREST_URL": reference.url,
        "JWKS": str(tmp_path / "keys.json"),
    }
    found = gateway("--check", **settings)
    assert found.returncode == 1
    (failed,) = [line for line in found.stdout.splitlines() if "FAIL" in line]
    assert "windows for the canary: cannot be reported" in failed
    assert "PART_LENS_WINDOW_SECONDS=0" in failed
    found = gateway("--check", **settings, WINDOW_SECONDS="0")
    assert (found.returncode, "not wanted" in found.stdout) == (0, True)
