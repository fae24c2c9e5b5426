"""What a server is set up from: the systemd unit, the images, the compose file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import yaml
from psycopg.conninfo import make_conninfo

from deploy.cluster import DATABASE, DEPLOYER, KEY_READER, KEYHOLDER, LOGINS
from deploy.server import TOTP_KEY, Server
from deploy.sqitch import probe
from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
TIMER = ROOT / "deploy" / "systemd" / "part-lens-tick.timer"
CONTAINER = ROOT / "deploy" / "container"
COMPOSE = CONTAINER / "compose.yaml"
EXAMPLES = sorted(ROOT.glob("deploy/**/*.env.example"))
SCRIPTS = [
    ROOT / ".ci" / "run",
    ROOT / "deploy" / "bootstrap",
    *sorted(CONTAINER.rglob("*.sh")),
]
INIT = CONTAINER / "init" / "10-logins.sh"


def tool(name: str) -> str:
    """A program beside this Python, or on the PATH; the test is skipped without it."""
    beside = Path(sys.executable).parent / name
    program = str(beside) if beside.exists() else shutil.which(name)
    if program is None:
        pytest.skip(f"no {name} here: `deploy/bootstrap test`")
    return program


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))
    return found


def test_the_compose_file_follows_its_schema() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    done = run(tool("check-jsonschema"), *schema, COMPOSE)
    assert done.returncode == 0, done.stdout


def test_hadolint_finds_nothing_in_the_images() -> None:
    done = run(tool("hadolint"), CONTAINER / "Containerfile")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing_in_the_scripts(script: Path) -> None:
    done = run(tool("shellcheck"), "--severity=warning", script)
    assert (done.returncode, done.stdout) == (0, "")


def test_services_begin_in_order_and_with_few_rights() -> None:
    """The database is reached from inside alone; nothing but it may write its files."""
    services = compose()["services"]
    assert services.keys() == {"database", "migrate", "tick", "gateway", "postgrest"}
    assert services["database"]["networks"] == ["inside"]
    assert "ports" not in services["database"]
    assert compose()["networks"]["inside"]["internal"] is True
    for name in ("migrate", "tick", "gateway", "postgrest"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
    for name in ("tick", "gateway", "postgrest"):
        assert services[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"}
        }
        for port in services[name].get("ports", []):
            assert port.startswith("127.0.0.1:")


def test_the_database_keeps_parameters_out_of_its_log() -> None:
    """PINs and codes are parameters."""
    command = compose()["services"]["database"]["command"].split()
    assert "log_parameter_max_length=0" in command
    assert "log_parameter_max_length_on_error=0" in command
    assert "log_error_verbosity=terse" in command


def test_what_the_compose_file_names_is_there() -> None:
    """Mounted files, build targets, and an example of each environment file."""
    targets = re.findall(
        r"^FROM \S+ AS (\w+)", (CONTAINER / "Containerfile").read_text("utf-8"), re.M
    )
    for service in compose()["services"].values():
        for mount in service.get("volumes", []):
            source = mount.partition(":")[0]
            assert source == "database" or (CONTAINER / source).exists()
        for name in service.get("env_file", []):
            assert (CONTAINER / f"{name}.example") in EXAMPLES
        if "build" in service:
            build = service["build"]
            assert (CONTAINER / build["context"]).resolve() == ROOT
            assert build["target"] in targets


def test_the_images_run_as_nobody_in_particular() -> None:
    text = (CONTAINER / "Containerfile").read_text("utf-8")
    stages = dict(
        re.findall(r"^FROM \S+ AS (\w+)\n(.*?)(?=^FROM|\Z)", text, re.M | re.S)
    )
    for name in ("migrate", "gateway"):
        assert "\nUSER 10001:10001\n" in stages[name]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples_hold_no_secret(example: Path) -> None:
    """A password, key or URL is named, and its value left to fill in."""
    settings = re.findall(r"^(\w+)=(.*)$", example.read_text("utf-8"), re.M)
    assert settings
    empty = "" if example.parent == CONTAINER else "''"
    for name, value in settings:
        if re.search(r"PASSWORD|SECRET|URL|URI", name):
            assert value == empty, name


@pytest.mark.parametrize(
    "example",
    [e for e in EXAMPLES if e.parent != CONTAINER],
    ids=lambda path: path.name,
)
def test_a_shell_reads_a_filled_in_copy(example: Path, tmp_path: Path) -> None:
    """As the runbook has it: a URL holds what a shell would take for its own."""
    url = "postgresql://u:$p@db/x?sslmode=require&connect_timeout=5"
    copy = tmp_path / "filled.env"
    copy.write_text(example.read_text("utf-8").replace("=''", f"='{url}'"), "utf-8")
    done = run("sh", "-c", f"set -a && . {copy} && env")
    assert done.returncode == 0, done.stderr
    for name in re.findall(r"^(\w+)=''$", example.read_text("utf-8"), re.M):
        assert f"{name}={url}\n" in done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_git_takes_no_filled_in_copy(example: Path) -> None:
    """Where compose.yaml looks for it; that of systemd is outside of the clone."""
    if example.parent != CONTAINER:
        return
    copy = example.with_suffix("").relative_to(ROOT)
    done = run("git", "-C", ROOT, "check-ignore", "--quiet", copy)
    assert done.returncode == 0


def test_the_gateway_knows_the_settings_of_the_examples() -> None:
    source = "".join(
        path.read_text("utf-8") for path in (ROOT / "gateway").glob("*.py")
    )
    for example in EXAMPLES:
        for name in re.findall(r"^PART_LENS_(\w+)=", example.read_text("utf-8"), re.M):
            assert f'"{name}"' in source or f'PART_LENS_{name}"' in source, name


@pytest.fixture(params=UNITS, ids=lambda path: path.stem)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A unit with a Python that is here, since systemd looks for the program."""
    text = request.param.read_text("utf-8")
    assert text.count("ExecStart=/opt/part-lens/bin/python ") == 1
    path: Path = tmp_path / request.param.name
    path.write_text(text.replace("/opt/part-lens/bin/python", sys.executable))
    return path


def test_systemd_accepts_the_unit(unit: Path) -> None:
    """And the timer, with the unit that it starts beside it."""
    program = tool("systemd-analyze")
    units = [unit]
    if unit.stem == TIMER.stem:
        units.append(Path(shutil.copy2(TIMER, unit.parent)))
    done = run(program, "verify", "--man=no", *units)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_program_of_each_unit_is_there(unit: Path) -> None:
    """What it runs says how it is called, in the environment of the package."""
    command = re.findall(r"^ExecStart=(.+)$", unit.read_text("utf-8"), re.M)[0]
    done = run(*command.split(), "--help")
    assert done.returncode == 0, done.stdout


def test_the_unit_exposes_little(unit: Path) -> None:
    """Of 10: what systemd calls OK ends at 4.9, and an unhardened service has 9.6."""
    program = tool("systemd-analyze")
    done = run(
        program, "security", "--no-pager", "--offline=true", "--threshold=15", unit
    )
    assert done.returncode == 0, done.stdout


PASSWORDS = {
    "DEPLOYER_PASSWORD": 'it\'s \\ the "deployer"',
    "AUTHENTICATOR_PASSWORD": "authenticator-secret",
    "RESOLVER_PASSWORD": "resolver-secret",
}


@dataclass(frozen=True)
class FirstStart:
    """A server that had nothing but its superuser, and its volume."""

    server: Server
    volume: Path

    def connect(self, login: str, password: str) -> psycopg.Connection:
        return psycopg.connect(self.conninfo(login, password))

    def conninfo(self, login: str, password: str) -> str:
        return make_conninfo(
            host=str(self.server.socket_dir),
            port=self.server.port,
            user=login,
            password=password,
            dbname=DATABASE,
        )


@pytest.fixture(scope="module")
def first_start() -> Iterator[FirstStart]:
    """After 10-logins.sh was run, as the image of PostgreSQL runs it."""
    # Not pytest's tmp_path: the account that runs PostgreSQL could not reach it.
    with tempfile.TemporaryDirectory(prefix="part-lens-") as directory:
        Path(directory).chmod(0o711)
        made = FirstStart(
            Server(Path(directory) / "c", {"fsync": "off", "log_statement": "all"}),
            Path(directory) / "volume",
        )
        data = made.volume / "pgdata"
        data.mkdir(parents=True)
        try:
            made.server.start("superuser-secret")
            done = run(
                *("bash", INIT),
                **PASSWORDS,
                PGHOST=str(made.server.socket_dir),
                PGPORT=str(made.server.port),
                PGPASSWORD="superuser-secret",
                PGDATA=str(data),
            )
            assert (done.returncode, done.stdout) == (0, "")
            yield made
        finally:
            made.server.destroy()


def test_the_first_start_makes_the_logins(first_start: FirstStart) -> None:
    """As the embedded cluster makes them, and fit to migrate."""
    logins = (DEPLOYER, *LOGINS)
    for login, password in zip(logins, PASSWORDS.values(), strict=True):
        with first_start.connect(login, password) as connection:
            rights = connection.execute(
                """
                SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolinherit
                FROM pg_catalog.pg_roles WHERE rolname = current_user
                """
            ).fetchone()
        is_deployer = login == DEPLOYER
        assert rights == (False, *[is_deployer] * 4)
    probe(first_start.conninfo(DEPLOYER, PASSWORDS["DEPLOYER_PASSWORD"]), changing=True)


def test_the_first_start_provides_the_key(first_start: FirstStart) -> None:
    """In a file of its own that a base backup leaves behind, for one role to read."""
    link = first_start.volume / "pgdata" / TOTP_KEY
    key = first_start.volume / TOTP_KEY
    assert link.is_symlink()
    assert link.samefile(key)
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_text("ascii").strip()) >= 48
    password = PASSWORDS["DEPLOYER_PASSWORD"]
    with first_start.connect(DEPLOYER, password) as connection:
        told = connection.execute(
            """
            SELECT pg_catalog.has_function_privilege(r.rolname, %s, 'EXECUTE'),
                   pg_catalog.pg_has_role(current_user, r.rolname, 'MEMBER')
            FROM pg_catalog.pg_roles AS r WHERE r.rolname = %s
            """,
            [KEY_READER, KEYHOLDER],
        ).fetchone()
    assert told == (True, True)


def test_the_first_start_logs_no_password(first_start: FirstStart) -> None:
    """Not even where the server logs every statement."""
    log = first_start.server.directory / "server.log"
    text = log.read_text("utf-8", errors="replace")
    assert "SET log_statement" in text
    assert [each for each in PASSWORDS.values() if each in text] == []


def test_the_first_start_needs_every_password() -> None:
    done = run("bash", INIT, DEPLOYER_PASSWORD="", PGHOST="/nowhere")
    assert done.returncode != 0
    assert "DEPLOYER_PASSWORD" in done.stdout
