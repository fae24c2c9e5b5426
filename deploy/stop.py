"""Stop what runs, and remove what was made.

The standard library only: it must work when the environment is gone.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys

from deploy.background import NAMES, stop
from deploy.server import Server, ServerError
from deploy.state import ROOT, State

CACHES = (
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    "tests/clients/node_modules",
)


def stop_all(state: State) -> list[str]:
    """Stop the background services and the cluster; the names of those that ran."""
    stopped = [name for name in NAMES if stop(name, state)]
    if Server(state.cluster, {}).stop():
        stopped.append("PostgreSQL")
    return stopped


def remove_state(state: State) -> None:
    """Remove what we made in the state directory, and the directory if it is empty."""
    Server(state.cluster, {}).destroy()
    for name in ("log", "run", "storage"):
        shutil.rmtree(state.directory / name, ignore_errors=True)
    state.secrets_file.unlink(missing_ok=True)
    state.signers_file.unlink(missing_ok=True)
    state.storage_secret_file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        state.directory.rmdir()


def remove_environment() -> None:
    """Remove what the bootstrap installed in the clone, and what the tools left."""
    for name in CACHES:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for package in ("deploy", "gateway", "tests"):
        for cache in (ROOT / package).rglob("__pycache__"):
            shutil.rmtree(cache, ignore_errors=True)


def main() -> int:
    """Stop everything; with --clean also remove everything. The exit code."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--clean", action="store_true")
    state = State.current()
    clean = parser.parse_args().clean
    try:
        stopped = stop_all(state)
        if clean:
            remove_state(state)
            remove_environment()
    except ServerError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    sys.stdout.write(f"Stopped: {', '.join(stopped) or 'nothing was running'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
