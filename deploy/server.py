"""One PostgreSQL server of our own: its files, its process, its address.

The standard library only: `make clean` must work when the environment is gone. Roles
and databases are the business of `deploy.cluster`.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.process import birth, command, free_port, port_is_free

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OLDEST = 15
# Longest path of a unix socket (sun_path, macOS being the strictest) less its name.
SOCKET_DIRECTORY_LIMIT = 103 - len("/.s.PGSQL.65535")
FALLBACK = Path("/var/lib/part-lens")
HBA = """\
local all all scram-sha-256
host  all all 127.0.0.1/32 scram-sha-256
host  all all ::1/128 scram-sha-256
"""
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "password_encryption": "scram-sha-256",
    # PINs and codes travel as parameters; they must not reach the log.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # Nor in the context of an error, which quotes JSON that PostgreSQL cannot read.
    "log_error_verbosity": "terse",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "lc_messages": "C.UTF-8",
}
# Where private.totp_key looks for its keys, in the data directory.
TOTP_KEY = "part_lens_totp.key"


class ServerError(Exception):
    """The server cannot be made, started or stopped; the text is one line."""


@dataclass(frozen=True)
class Place:
    """Where a server's files are, and the account that owns them.

    Remembered in a file, because they may have to lie outside the directory that they
    belong to.
    """

    base: Path
    sockets: Path
    port: int

    @property
    def data(self) -> Path:
        return self.base / "data"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server whose files belong to `directory`.

    `settings` go over the defaults above; `bin_dir` holds the server's programs
    (default: the newest found). As root, everything runs as the account `postgres`,
    because PostgreSQL refuses root.
    """

    directory: Path
    settings: Mapping[str, str]
    bin_dir: Path | None = None

    @property
    def port(self) -> int:
        """The loopback TCP port; ServerError if the server was never started."""
        return self._known().port

    @property
    def socket_dir(self) -> Path:
        """Where the unix socket is; ServerError if the server was never started."""
        return self._known().sockets

    @property
    def data(self) -> Path:
        """Its data directory; ServerError if the server was never started."""
        return self._known().data

    def is_running(self) -> bool:
        place = self._place()
        return place is not None and _postmaster(place.data) is not None

    def start(self, password: str) -> bool:
        """Start it, and make it first if need be; `password` is the superuser's then.

        True if it had to be started; at most one of several callers starts it.
        """
        with self._locked():
            place = self._prepared()
            if not (place.data / "PG_VERSION").exists():
                self._initialise(place, password)
            if _postmaster(place.data) is not None:
                return False
            self._launch(place)
            return True

    def adopt(self, source: Path) -> None:
        """Begin with a copy of the data directory of a server that is stopped.

        Instead of a new one; the key of the other server stays with it. ServerError if
        there is a data directory here already, or the copy fails.
        """
        with self._locked():
            place = self._prepared()
            if place.data.exists():
                raise ServerError(f"{self.directory} has a server already")
            draft = place.base / "data.new"
            shutil.rmtree(draft, ignore_errors=True)
            # As the server's account, which then owns the copy.
            copied = self._as_server(["cp", "-R", "-p", str(source), str(draft)])
            if copied.returncode:
                raise ServerError(f"cannot copy {source}: {_complaint(copied.stdout)}")
            (draft / TOTP_KEY).unlink(missing_ok=True)
            draft.rename(place.data)

    def stop(self, *, mode: str = "fast") -> bool:
        """Stop it (`fast`, `smart` or `immediate`); False if it was not running."""
        if not self.directory.exists():
            return False
        with self._locked():
            place = self._place()
            if place is None or _postmaster(place.data) is None:
                return False
            stopped = self._run(
                "pg_ctl", "stop", "-s", "-w", "-t", "60", "-m", mode, "-D", place.data
            )
            if stopped.returncode:
                raise ServerError(
                    f"PostgreSQL does not stop: {_complaint(stopped.stdout)}"
                )
            return True

    def destroy(self) -> None:
        """Stop it and remove every file of it, wherever they had to be put."""
        self.stop(mode="immediate")
        place = self._place()
        if place is not None:
            shutil.rmtree(place.sockets, ignore_errors=True)
            shutil.rmtree(place.base, ignore_errors=True)
            with contextlib.suppress(OSError):
                FALLBACK.rmdir()
        shutil.rmtree(self.directory, ignore_errors=True)

    def programs(self) -> Path:
        """The directory of the server's programs; ServerError if there is none."""
        return self.bin_dir or find_programs()

    def _known(self) -> Place:
        place = self._place()
        if place is None:
            raise ServerError("PostgreSQL was not started yet: `make demo` does it")
        return place

    @property
    def _memory(self) -> Path:
        return self.directory / "cluster.json"

    def _place(self) -> Place | None:
        """What is remembered; None if that is nothing, or of another directory."""
        try:
            known: dict[str, Any] = json.loads(self._memory.read_text(encoding="utf-8"))
            place = Place(Path(known["base"]), Path(known["sockets"]), known["port"])
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError) as error:
            raise ServerError(f"{self._memory} is damaged") from error
        # The memory of a clone that was copied or moved names the files of the other.
        ours = [base.resolve() for base in self._bases()]
        return place if place.base.resolve() in ours else None

    def _remember(self, place: Place) -> Place:
        known = {
            "base": str(place.base),
            "sockets": str(place.sockets),
            "port": place.port,
        }
        draft = self._memory.with_suffix(".new")
        draft.write_text(json.dumps(known), encoding="utf-8")
        draft.replace(self._memory)
        return place

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.directory.mkdir(mode=0o711, parents=True, exist_ok=True)
        except OSError as error:
            raise ServerError(f"cannot create {self.directory}: {error}") from error
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _prepared(self) -> Place:
        """The place, chosen anew where there is none or its files are gone."""
        place = self._place()
        return place if place is not None and place.base.is_dir() else self._prepare()

    def _prepare(self) -> Place:
        """Choose where the files go: `directory`, unless the server cannot reach it."""
        base, fallback = self._bases()
        if not self._own(base):
            base = fallback
            if not self._own(base):
                raise ServerError(f"PostgreSQL cannot write to {base}")
        return self._remember(Place(base, self._sockets(base), free_port()))

    def _bases(self) -> tuple[Path, Path]:
        """Where the files may lie: in `directory`, and where any account can go."""
        digest = hashlib.sha256(os.fsencode(self.directory.resolve())).hexdigest()[:12]
        return self.directory / "server", FALLBACK / digest

    def _own(self, path: Path) -> bool:
        """Make `path` the server's directory; False if its account cannot reach it."""
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o755)
        if path.parent == FALLBACK:
            FALLBACK.chmod(0o755)
        account = _account()
        if account is not None:
            os.chown(path, account.pw_uid, account.pw_gid)
        if self._as_server(["test", "-w", str(path)]).returncode == 0:
            return True
        path.rmdir()
        return False

    def _sockets(self, base: Path) -> Path:
        sockets = base / "s"
        if len(os.fsencode(sockets)) > SOCKET_DIRECTORY_LIMIT:
            # Not where TMPDIR points: that may be as long.
            sockets = Path(tempfile.mkdtemp(prefix="part-lens-", dir="/tmp"))
            sockets.chmod(0o755)
        if not self._own(sockets):
            raise ServerError(f"PostgreSQL cannot write to {sockets}")
        return sockets

    def _initialise(self, place: Place, password: str) -> None:
        """Build the data directory beside its place: half of one never counts."""
        draft = place.base / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        handle, secret = tempfile.mkstemp(dir=place.base)
        try:
            os.write(handle, password.encode())
            os.close(handle)
            account = _account()
            if account is not None:
                os.chown(secret, account.pw_uid, account.pw_gid)
            made = self._run(
                "initdb",
                *("--pgdata", draft, "--username", "postgres", "--pwfile", secret),
                *("--auth", "scram-sha-256", "--encoding", "UTF8"),
                *("--locale", "C.UTF-8", "--no-instructions"),
                *(["--no-sync"] if self.settings.get("fsync") == "off" else []),
            )
        finally:
            Path(secret).unlink()
        if made.returncode:
            raise ServerError(f"initdb failed: {_complaint(made.stdout)}")
        (draft / "pg_hba.conf").write_text(HBA, encoding="utf-8")
        draft.rename(place.data)

    def _launch(self, place: Place) -> None:
        _disown_stale_locks(place)
        for _ in range(5):
            place = self._reachable(place)
            self._configure(place)
            self._provide_key(place)
            failure = self._pg_ctl_start(place)
            if failure is None:
                return
            if "shared memory block" in failure:
                # The backends of a killed server need a moment to notice.
                time.sleep(0.5)
            elif port_is_free(place.port):
                break
        raise ServerError(f"PostgreSQL does not start: {failure}")

    def _reachable(self, place: Place) -> Place:
        """The place with a socket directory that exists and a port nobody else took."""
        port = place.port if port_is_free(place.port) else free_port()
        sockets = place.sockets
        account = _account()
        uid = account.pw_uid if account else os.getuid()
        if not sockets.is_dir() or sockets.stat().st_uid != uid:
            sockets = self._sockets(place.base)
        return self._remember(Place(place.base, sockets, port))

    def _configure(self, place: Place) -> None:
        settings = {
            **SETTINGS,
            **self.settings,
            "port": str(place.port),
            "unix_socket_directories": str(place.sockets),
        }
        lines = [
            f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n"
            for name, value in settings.items()
        ]
        (place.data / "postgresql.conf").write_text(
            "# Rewritten at each start; ALTER SYSTEM is kept.\n" + "".join(lines),
            encoding="utf-8",
        )

    def _provide_key(self, place: Place) -> None:
        """Have the key that encrypts the secrets of authenticators.

        Beside the data directory, with a link in it: a base backup leaves links out.
        """
        key = place.base / TOTP_KEY
        if not key.exists():
            handle = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"{secrets.token_urlsafe(48)}\n")
            account = _account()
            if account is not None:
                os.chown(key, account.pw_uid, account.pw_gid)
        link = place.data / TOTP_KEY
        # The link of a copied clone leads to the key of the other.
        if link.is_symlink() and link.readlink() != key:
            link.unlink()
        if not link.is_symlink():
            link.symlink_to(key)

    def _pg_ctl_start(self, place: Place) -> str | None:
        """Start the server and wait until it answers; the reason if it does not."""
        log = self.directory / "server.log"
        with log.open("ab") as output:
            before = output.tell()
            started = self._as_server(
                [
                    str(self.programs() / "pg_ctl"),
                    *("start", "-s", "-w", "-t", "120", "-D", str(place.data)),
                ],
                output=output,
            )
        if started.returncode == 0:
            return None
        with log.open("rb") as written:
            written.seek(before)
            return _complaint(written.read().decode(errors="replace"))

    def _run(
        self, program: str, *arguments: str | Path
    ) -> subprocess.CompletedProcess[str]:
        return self._as_server(
            [str(self.programs() / program), *(str(part) for part in arguments)]
        )

    def _as_server(
        self, argv: list[str], *, output: Any = subprocess.PIPE
    ) -> subprocess.CompletedProcess[str]:
        account = _account()
        identity: dict[str, Any] = {}
        if account is not None:
            groups = os.getgrouplist(account.pw_name, account.pw_gid)
            identity = {
                "user": account.pw_uid,
                "group": account.pw_gid,
                "extra_groups": groups,
            }
        # The caller's PG* and locale would find their way into the server.
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd="/",
            text=True,
            check=False,
            **identity,
        )


def find_programs() -> Path:
    """The programs of the newest PostgreSQL server here, at least version 15.

    PART_LENS_PG_BIN names them outright. ServerError if there is none.
    """
    named = os.environ.get("PART_LENS_PG_BIN")
    if named:
        return Path(named)
    candidates = [*Path("/usr/lib/postgresql").glob("*/bin")]
    on_path = shutil.which("postgres")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    for prefix in ("/opt/homebrew/opt", "/usr/local/opt"):
        candidates.extend(Path(prefix).glob("postgresql@*/bin"))
    versions = [(_version(path), path) for path in candidates]
    usable = [found for found in versions if found[0] >= OLDEST]
    if not usable:
        raise ServerError(
            f"no PostgreSQL server of version {OLDEST} or newer here: `make bootstrap`"
        )
    return max(usable)[1]


def client_path() -> str:
    """The PATH, with PostgreSQL's programs before Debian's wrapper of them.

    Its `psql` and `pg_dump` are one Perl script that looks for the program, and takes
    twice as long for it as the program itself.
    """
    path = os.environ.get("PATH", os.defpath)
    found = shutil.which("psql")
    if found is None or Path(found).resolve().name != "pg_wrapper":
        return path
    try:
        return f"{find_programs()}{os.pathsep}{path}"
    except ServerError:
        return path


@functools.cache
def _version(programs: Path) -> int:
    """The major version of the server in this directory, 0 if there is none."""
    if not (programs / "initdb").exists() or not (programs / "postgres").exists():
        return 0
    told = subprocess.run(
        [programs / "postgres", "--version"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    number = re.search(r"\) (\d+)", told)
    return int(number[1]) if number else 0


def _account() -> pwd.struct_passwd | None:
    """The account to run the server as, None for the caller's own."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise ServerError(
            "PostgreSQL refuses to run as root, and there is no account `postgres`"
        ) from None


def _postmaster(data: Path) -> int | None:
    """The pid of the server that runs on this data directory, None if none does."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n")[0])
    except (OSError, ValueError):
        return None
    return pid if birth(pid) is not None and str(data) in command(pid) else None


def _disown_stale_locks(place: Place) -> None:
    """Let a server start whose predecessor was killed and whose pid another has now.

    In the data directory only the pid is replaced, by one that cannot exist: the rest
    of the file lets PostgreSQL find surviving backends by their shared memory.
    """
    for socket in place.sockets.glob(".s.PGSQL.*"):
        socket.unlink()
    lock = place.data / "postmaster.pid"
    try:
        _, rest = lock.read_text(encoding="utf-8").split("\n", 1)
    except (OSError, ValueError):
        return
    lock.write_text(f"99999999\n{rest}", encoding="utf-8")


def _complaint(text: str) -> str:
    """The line of a program's output that says what is wrong, with its cause."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # The server logs the cause first, and then what it could not do for it.
    cause = re.search(
        r"LOG:\s+((?:could not|invalid|parameter|syntax|unrecognized) .*)", text
    )
    for word in ("FATAL:", "PANIC:", "ERROR:", "error:"):
        for line in lines:
            if word in line:
                what = line.partition(word)[2].strip()
                return f"{what}: {cause[1]}" if cause else what
    return lines[-1] if lines else "it says nothing"
