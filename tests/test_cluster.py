"""The cluster: made once, real, reachable, and nobody else's business."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from deploy.cluster import DEPLOYER, Cluster
from deploy.process import birth
from deploy.scratch import QUICK, scratch_cluster
from deploy.server import (
    SETTINGS,
    SOCKET_DIRECTORY_LIMIT,
    TOTP_KEY,
    ServerError,
)
from deploy.state import Secrets, State, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator


def unstarted(directory: Path, **settings: str) -> Cluster:
    return Cluster(
        directory,
        passwords=Secrets.generate().passwords,
        settings={**QUICK, **settings},
    )


@pytest.fixture(scope="module")
def breakable() -> Iterator[Cluster]:
    with scratch_cluster() as cluster:
        yield cluster


@pytest.fixture
def own(breakable: Cluster) -> Cluster:
    """A running cluster that a test may stop or kill: the next one starts it again."""
    breakable.start()
    return breakable


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that the account that runs PostgreSQL can reach."""
    with tempfile.TemporaryDirectory(prefix="part-lens-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def postmaster(cluster: Cluster) -> int:
    base = cluster.socket_dir.parent
    return int((base / "data" / "postmaster.pid").read_text().splitlines()[0])


def answer(cluster: Cluster, query: str) -> object:
    with cluster.connect() as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


def test_started_twice_is_started_once(own: Cluster) -> None:
    """A second start finds the first one's server and leaves it alone."""
    before = postmaster(own)
    assert own.start() is False
    assert postmaster(own) == before


def test_concurrent_starts_make_one_server(open_directory: Path) -> None:
    """Of several starts at once, one makes and starts the cluster; all succeed."""
    cluster = unstarted(open_directory / "c")
    try:
        with ThreadPoolExecutor(4) as pool:
            started = list(pool.map(lambda _: cluster.start(), range(4)))
        assert sorted(started) == [False, False, False, True]
        assert answer(cluster, "SELECT 1") == 1
    finally:
        cluster.destroy()


def test_it_survives_a_kill(own: Cluster) -> None:
    """After a kill -9 the stale pid file does not hinder the next start."""
    with own.connect() as connection:
        connection.execute("SET synchronous_commit = on")
        connection.execute("CREATE TABLE public.kept (number integer)")
    pid = postmaster(own)
    born = birth(pid)
    os.kill(pid, signal.SIGKILL)
    while birth(pid) == born:
        pass
    assert own.is_running() is False
    assert own.start() is True
    assert answer(own, "SELECT count(*) FROM public.kept") == 0


def test_a_pid_file_that_names_another_process_is_stale(own: Cluster) -> None:
    """The pid that a killed server left may be another's by now: it is not touched."""
    own.stop(mode="immediate")
    lock = own.socket_dir.parent / "data" / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{lock.parent}\n0\n{own.port}\n\n127.0.0.1\n\n")
    assert own.is_running() is False
    assert own.start() is True
    assert postmaster(own) != os.getpid()


def test_a_taken_port_is_chosen_anew(own: Cluster) -> None:
    """A port that another program took meanwhile is replaced, and the new one kept."""
    port = own.port
    own.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        assert own.start() is True
        assert own.port != port
    assert answer(own, "SHOW port") == str(own.port)


def test_a_failed_start_says_why_in_one_line(own: Cluster) -> None:
    """The server's own complaint is the error, not a pointer to a log."""
    own.stop()
    broken = Cluster(
        own.directory, passwords=own.passwords, settings={"max_connections": "none"}
    )
    with pytest.raises(ServerError, match=r'^PostgreSQL does not start: .*"max_conn'):
        broken.start()


def test_other_secrets_are_named_as_such(own: Cluster) -> None:
    """A cluster whose passwords are lost says so instead of failing later."""
    stranger = Cluster(own.directory, passwords=Secrets.generate().passwords)
    with pytest.raises(ServerError, match="made with other secrets"):
        stranger.start()


def test_a_long_path_gets_a_short_socket(open_directory: Path) -> None:
    """A unix socket's path is limited; the directory's is not."""
    deep = open_directory.joinpath(*["a-long-name-of-a-directory"] * 5)
    cluster = unstarted(deep)
    try:
        cluster.start()
        assert len(str(cluster.socket_dir)) <= SOCKET_DIRECTORY_LIMIT
        assert answer(cluster, "SELECT 1") == 1
    finally:
        cluster.destroy()
    assert not cluster.directory.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as another account")
def test_root_may_keep_it_where_postgres_cannot_go(tmp_path: Path) -> None:
    """Below a private directory the data go elsewhere, and `destroy` finds them."""
    tmp_path.chmod(0o700)
    cluster = unstarted(tmp_path / "c")
    try:
        cluster.start()
        base = cluster.socket_dir.parent
        assert not base.is_relative_to(tmp_path)
        assert answer(cluster, "SELECT 1") == 1
    finally:
        cluster.destroy()
    assert not base.exists()


def test_a_copied_clone_leaves_the_original_s_server_alone(
    own: Cluster, open_directory: Path
) -> None:
    """What a copy remembers are the files of another: it neither stops nor removes."""
    copy = unstarted(open_directory / "copy")
    copy.directory.mkdir()
    shutil.copy2(own.directory / "cluster.json", copy.directory)
    assert copy.is_running() is False
    assert copy.stop() is False
    copy.destroy()
    assert answer(own, "SELECT 1") == 1


def test_a_moved_clone_starts_what_it_took_along(open_directory: Path) -> None:
    """With the data, and the key of authenticators' secrets beside them."""
    before = unstarted(open_directory / "before")
    before.start()
    before.stop()
    after = dataclasses.replace(before, directory=open_directory / "after")
    before.directory.rename(after.directory)
    try:
        assert after.start() is True
        assert after.server.data.is_relative_to(after.directory)
        key = after.server.data / TOTP_KEY
        assert key.readlink().is_relative_to(after.directory)
        assert key.exists()
    finally:
        after.destroy()


def test_files_that_are_gone_are_made_anew(open_directory: Path) -> None:
    """What is remembered without them is no reason to fail."""
    cluster = unstarted(open_directory / "c")
    try:
        cluster.start()
        cluster.stop()
        shutil.rmtree(cluster.server.data.parent)
        assert cluster.start() is True
        assert answer(cluster, "SELECT 1") == 1
    finally:
        cluster.destroy()


def test_two_clusters_run_side_by_side(cluster: Cluster, own: Cluster) -> None:
    """Each has its own port, passwords and data."""
    assert cluster.port != own.port
    assert cluster.url(DEPLOYER) != own.url(DEPLOYER)
    assert answer(cluster, "SHOW data_directory") != answer(own, "SHOW data_directory")


def test_stop_reports_whether_it_ran(own: Cluster) -> None:
    """Stopping is told once."""
    assert own.stop() is True
    assert own.stop() is False


@pytest.mark.parametrize("tcp", [False, True])
def test_a_wrong_password_is_refused_on_every_way_in(
    cluster: Cluster, *, tcp: bool
) -> None:
    """Neither the socket nor loopback lets anybody in without the password."""
    url = cluster.url_with_password("postgres", "guess", "postgres", tcp=tcp)
    with pytest.raises(
        psycopg.OperationalError, match="password authentication failed"
    ):
        psycopg.connect(url)


def test_only_what_is_thrown_away_hashes_its_passwords_in_haste(
    own: Cluster, open_directory: Path
) -> None:
    """Each connection repeats the hashing, and a test run makes thousands."""
    hashes = (
        "SELECT string_agg(DISTINCT split_part(a.rolpassword, ':', 1), ' ')"
        " FROM pg_catalog.pg_authid AS a WHERE a.rolcanlogin"
    )
    kept = unstarted(open_directory / "kept")
    try:
        kept.start()
        for cluster, rounds in ((own, 1), (kept, 4096)):
            assert answer(cluster, hashes) == f"SCRAM-SHA-256${rounds}"
    finally:
        kept.destroy()


def test_parameters_stay_out_of_the_log(cluster: Cluster) -> None:
    """PINs travel as parameters: neither statements nor errors may show them."""
    secret = "428190375516"  # noqa: S105  what must not be found
    with cluster.connect() as connection:
        connection.execute("SET log_min_duration_statement = 0")
        connection.execute("SELECT %s::text", [secret])
        with pytest.raises(psycopg.DataError):
            connection.execute("SELECT %s::text::uuid", [secret])
    log = (cluster.directory / "server.log").read_text()
    statements = [line for line in log.splitlines() if "SELECT $1::text" in line]
    assert len(statements) >= 2
    assert "parameters:" not in log


def test_the_embedded_cluster_is_durable() -> None:
    """Nothing in the defaults trades safety for speed: only tests do."""
    assert not {"fsync", "synchronous_commit", "full_page_writes"} & set(SETTINGS)


def test_the_deployer_is_no_superuser(cluster: Cluster) -> None:
    """What a managed server gives is enough for everything."""
    with cluster.connect() as connection:
        rows = connection.execute(
            """
            SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls,
                   rolinherit
              FROM pg_catalog.pg_roles
             WHERE rolname = ANY (%s)
             ORDER BY rolname
            """,
            [[DEPLOYER, "authenticator", "master_resolver"]],
        ).fetchall()
    assert rows == [
        ("authenticator", False, False, False, False, False),
        ("master_resolver", False, False, False, False, False),
        (DEPLOYER, False, True, True, True, True),
    ]


def test_a_copy_has_the_template_s_privileges_and_settings(cluster: Cluster) -> None:
    """PostgreSQL copies neither: without us a copy would let PUBLIC in."""
    cluster.create_database("original")
    try:
        with cluster.connect("original", user=DEPLOYER) as connection:
            connection.execute(
                """
                REVOKE ALL ON DATABASE original FROM PUBLIC;
                GRANT CONNECT ON DATABASE original TO authenticator;
                ALTER DATABASE original SET search_path = '$user', "a b";
                ALTER ROLE authenticator IN DATABASE original
                    SET statement_timeout = '5s';
                """
            )
        cluster.create_database("duplicate", template="original")
        with cluster.connect() as connection:
            rows = connection.execute(
                """
                SELECT d.datacl::text,
                       array_agg((s.setrole, s.setconfig)::text ORDER BY s.setrole)
                  FROM pg_catalog.pg_database AS d
                  JOIN pg_catalog.pg_db_role_setting AS s ON s.setdatabase = d.oid
                 WHERE d.datname IN ('original', 'duplicate')
                 GROUP BY d.oid
                """
            ).fetchall()
        assert len(rows) == 2
        assert rows[0] == rows[1]
    finally:
        cluster.drop_database("duplicate")
        cluster.drop_database("original")


def test_secrets_are_made_once_and_are_private(tmp_path: Path) -> None:
    """The file is the owner's alone, and the next call reads it."""
    state = State(tmp_path / "state")
    first = state.secrets()
    assert state.secrets() == first
    assert state.secrets_file.stat().st_mode & 0o777 == 0o600
    assert first.jwt_secret not in repr(first)
    assert first.passwords["postgres"] not in repr(first)
    url_secret = state.storage_secret()
    assert state.storage_secret() == url_secret != first.jwt_secret
    assert state.storage_secret_file.stat().st_mode & 0o777 == 0o600


def test_damaged_secrets_are_not_replaced(tmp_path: Path) -> None:
    """New ones would lock the cluster for ever: the user is asked instead."""
    state = State(tmp_path)
    state.secrets_file.write_text("{}")
    with pytest.raises(StateError, match="damaged"):
        state.secrets()
    assert state.secrets_file.read_text() == "{}"


def test_a_directory_that_takes_nothing_is_one_line() -> None:
    """PART_LENS_STATE may name one that is there and not ours to write."""
    state = State(Path("/proc"))
    with pytest.raises(StateError, match="cannot create /proc/run: "):
        _ = state.run
    with pytest.raises(StateError, match=r"cannot write /proc/secrets\.json: "):
        state.secrets()


def test_the_command_tells_how_it_is(tmp_path: Path) -> None:
    """`status` ends with 1 and one line where nothing runs."""
    told = subprocess.run(
        [sys.executable, "-m", "deploy.cluster", "status"],
        env={**os.environ, "PART_LENS_STATE": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout) == (1, "PostgreSQL is not running\n")
