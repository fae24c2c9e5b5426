"""`python -m gateway --check` and `--help`."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
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

RFC_8037 = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


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


def failed(found: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines of what is not as it should be."""
    return [line for line in found.stdout.splitlines() if line.startswith("FAIL")]


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
    (line,) = failed(found)
    assert line.startswith("FAIL  database part_lens on 127.0.0.1: ")
    assert line.endswith("Connection refused")
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


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        ("<html>", "is no JSON"),
        ('{"keys": []}', "has no key that can be used"),
    ],
)
def test_a_key_set_that_cannot_be_read_fails(
    content: str | None, reason: str, database_url: str, tmp_path: Path
) -> None:
    """Without a secret beside it the gateway would refuse every token."""
    keys = tmp_path / "keys.json"
    if content is not None:
        keys.write_text(content)
    found = gateway("--check", JWKS=str(keys), DATABASE_URL=database_url)
    assert found.returncode == 1
    assert failed(found) == [f"FAIL  PART_LENS_JWKS: {reason}"]


def test_a_key_set_that_does_not_answer_fails_without_its_address(
    database_url: str,
) -> None:
    url = f"http://user:hush@127.0.0.1:{free_port()}/jwks"
    found = gateway("--check", JWKS=url, DATABASE_URL=database_url)
    assert found.returncode == 1
    assert failed(found) == ["FAIL  PART_LENS_JWKS: ClientConnectorError"]
    assert "hush" not in found.stdout + found.stderr


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (
            "nonsense://key:hush@bucket",
            "a URL of protocol nonsense: fsspec takes none such",
        ),
        ("s3://key:hush@bucket", "a URL of protocol s3: its package is missing"),
        ("file:///proc/hush", "the folder: No such file or directory"),
    ],
)
def test_a_store_that_cannot_be_used_fails(
    url: str, reason: str, database_url: str
) -> None:
    """Where it cannot even be had, the gateway does not start."""
    if url.startswith("s3:") and importlib.util.find_spec("s3fs"):
        pytest.skip("s3fs is here")
    settings = {
        "JWT_SECRET": SECRET,
        "DATABASE_URL": database_url,
        "STORAGE_URL": url,
        "STORAGE_SECRET": SECRET,
    }
    found = gateway("--check", **settings)
    assert found.returncode == 1
    assert failed(found) == [f"FAIL  PART_LENS_STORAGE_URL: {reason}"]
    assert "hush" not in found.stdout + found.stderr
    if not url.startswith("file:"):
        started = gateway(**settings, PORT=str(free_port()))
        assert started.returncode == 1
        assert started.stderr == f"Error: PART_LENS_STORAGE_URL: {reason}\n"


def test_a_folder_that_can_be_written_passes(database_url: str, tmp_path: Path) -> None:
    """It need not be there yet, and is not made."""
    found = gateway(
        "--check",
        JWT_SECRET=SECRET,
        DATABASE_URL=database_url,
        STORAGE_URL=(tmp_path / "objects").as_uri(),
        STORAGE_SECRET=SECRET,
    )
    assert (found.returncode, failed(found)) == (0, [])
    assert "ok    PART_LENS_STORAGE_URL: can be used" in found.stdout
    assert list(tmp_path.iterdir()) == []


def test_where_changes_are_listened_for_is_looked_at(database_url: str) -> None:
    """Past a pooler it is another address, and the gateway is not ready without it."""
    port = free_port()
    url = f"postgresql://authenticator:hush@127.0.0.1:{port}/part_lens"
    found = gateway(
        "--check", JWT_SECRET=SECRET, DATABASE_URL=database_url, LISTEN_URL=url
    )
    assert found.returncode == 1
    (line,) = failed(found)
    assert line.startswith("FAIL  LISTEN_URL part_lens on 127.0.0.1: ")
    assert f"port {port} failed: Connection refused" in line
    assert "hush" not in found.stdout + found.stderr


def test_a_taken_port_of_the_metrics_is_one_line(database_url: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        found = gateway(
            JWT_SECRET=SECRET, DATABASE_URL=database_url, METRICS_PORT=str(port)
        )
    assert found.returncode == 1
    assert found.stderr == (
        f"Error: PART_LENS_METRICS_PORT={port}: Address already in use\n"
    )


def test_a_wrong_setting_is_one_line() -> None:
    found = gateway("--check", JWT_SECRET="x")  # noqa: S106 - too short to be one
    assert found.returncode == 1
    assert "PART_LENS_JWT_SECRET" in found.stderr
    assert "Traceback" not in found.stderr


def test_windows_that_cannot_be_reported_fail(reference: Api, tmp_path: Path) -> None:
    """A key set verifies and does not sign: the ramp would see no call."""
    # That of RFC 8037, appendix A.
    key = {"kty": "OKP", "crv": "Ed25519", "x": RFC_8037}
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [key]}))
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
