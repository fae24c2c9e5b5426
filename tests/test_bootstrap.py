"""The bootstrap: silent when all is there, and exact about what is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deploy.state import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = "deploy/bootstrap"
NEEDED = (SCRIPT, "pyproject.toml", "tests/clients/package-lock.json")
# What the script itself calls; the rest of a PATH is what the tests take away.
TOOLS = (
    *("bash", "basename", "cat", "cut", "dirname", "env", "id", "sed", "sha256sum"),
    *("sort", "tail", "tee", "uname", "apt-get", "apt-cache", "python3", "perl"),
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone in which nothing was installed yet."""
    for name in NEEDED:
        target = tmp_path / "clone" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return tmp_path / "clone"


def run(where: Path, *arguments: str, **variables: str) -> tuple[int, str, str]:
    told = subprocess.run(
        [where / SCRIPT, *arguments],
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return told.returncode, told.stdout, told.stderr


@pytest.fixture
def bare_path(tmp_path: Path) -> str:
    """A PATH with the script's own tools and nothing that it looks for but Python."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        if found:
            (directory / tool).symlink_to(found)
    return str(directory)


@pytest.mark.skipif(not (ROOT / ".venv").exists(), reason="run by another environment")
def test_nothing_is_said_when_all_is_there() -> None:
    """It stands before every target, so that it must cost and say nothing."""
    assert run(ROOT, PART_LENS_NO_INSTALL="1") == (0, "", "")


def test_a_missing_environment_ends_with_the_commands(clone: Path) -> None:
    """Where it may not install, what is printed can be typed."""
    code, out, told = run(clone, PART_LENS_NO_INSTALL="1")
    assert (code, out) == (1, "")
    assert "    python3 -m venv .venv\n" in told
    assert "    .venv/bin/python -m pip install -e '.[dev]'\n" in told
    assert not (clone / ".venv").exists()


@pytest.mark.skipif(not shutil.which("apt-get"), reason="Debian's package names")
def test_missing_packages_end_with_the_command(clone: Path, bare_path: str) -> None:
    """Every missing program is named by the package that brings it."""
    code, out, told = run(clone, PATH=bare_path, PART_LENS_NO_INSTALL="1")
    assert (code, out) == (1, "")
    command = next(line for line in told.splitlines() if "apt-get install" in line)
    assert "--no-install-recommends" in command
    for package in ("libtap-parser-sourcehandler-pgtap-perl", "sqitch"):
        assert f" {package}" in command
    assert "wrk" not in command


def test_an_old_environment_is_noticed(clone: Path) -> None:
    """A change of pyproject.toml calls for another installation."""
    (clone / ".venv" / "bin").mkdir(parents=True)
    python = shutil.which("python3")
    assert python is not None
    (clone / ".venv" / "bin" / "python").symlink_to(python)
    (clone / ".venv" / ".stamp").write_text("of another pyproject.toml\n")
    code, _, told = run(clone, PART_LENS_NO_INSTALL="1")
    assert code == 1
    assert "pip install -e" in told


def test_what_was_typed_is_enough(clone: Path) -> None:
    """The commands that are printed end with one that says they were typed."""
    python = clone / ".venv" / "bin" / "python"
    for expected in ("environment", "clients"):
        _, _, told = run(clone, PART_LENS_NO_INSTALL="1")
        if not told:
            break
        assert told.splitlines()[-1] == f"    {SCRIPT} typed {expected}"
        # In place of what takes minutes.
        if expected == "environment":
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)
        else:
            (clone / "tests" / "clients" / "node_modules").mkdir()
        assert run(clone, "typed", expected) == (0, "", "")
    assert run(clone, PART_LENS_NO_INSTALL="1") == (0, "", "")


def test_a_python_that_is_none_is_named(clone: Path) -> None:
    """Who names one does not want another to be installed."""
    told = run(clone, PART_LENS_NO_INSTALL="1", PYTHON="/nonexistent")
    assert told == (1, "", "PYTHON=/nonexistent is no Python 3.11 or newer\n")
