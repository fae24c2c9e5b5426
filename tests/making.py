"""Calls of make, as from a shell of their own: not as from the make that runs tests."""

from __future__ import annotations

import os
import subprocess

from deploy.state import ROOT

# What make hands on to the commands that it runs, and the Makefile's own variables.
INHERITED = ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "ARGS", "WORKERS")


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make in the root of the clone, without DATABASE_URL unless it is given."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in (*INHERITED, "DATABASE_URL")
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
