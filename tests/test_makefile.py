"""The Makefile: what `make help` promises, and output that a shell can take."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import jwt
import pytest

from deploy.personas import CAPTAIN
from deploy.state import ROOT, State
from deploy.stop import remove_state
from tests.making import make

if TYPE_CHECKING:
    from pathlib import Path

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_help_is_what_make_alone_says(tmp_path: Path) -> None:
    """Each target that a user may type has its sentence."""
    told = make(PART_LENS_STATE=str(tmp_path))
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)", MAKEFILE, re.MULTILINE)
    assert phony is not None
    targets = phony[1].replace("\\", "").split()
    assert told.returncode == 0
    assert sorted(line.split()[0] for line in told.stdout.splitlines()) == sorted(
        targets
    )


def test_no_recipe_is_longer_than_five_lines() -> None:
    """What needs more is a script."""
    recipes = re.findall(r"^[^\s#].*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert [recipe for recipe in recipes if recipe.count("\n") > 5] == []


def test_env_without_an_installation_says_what_to_do(tmp_path: Path) -> None:
    """Nothing goes to stdout, where a shell would evaluate it."""
    told = make("-s", "env", PART_LENS_STATE=str(tmp_path / "state"))
    assert told.returncode != 0
    assert told.stdout == ""
    assert "make demo" in told.stderr


@pytest.mark.parametrize("target", ["gateway", "postgrest"])
@pytest.mark.parametrize("as_argument", [False, True])
def test_what_serves_the_embedded_cluster_migrates_no_other(
    target: str, as_argument: bool, tmp_path: Path
) -> None:
    """Whatever DATABASE_URL names is neither migrated nor served."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$* on ${DATABASE_URL:-the embedded one}"\n')
    python.chmod(0o755)
    foreign = "postgresql://127.0.0.1:1/foreign"
    told = make(
        *("-s", "-o", "bootstrap", target, f"OWN_PYTHON={python}"),
        *([f"DATABASE_URL={foreign}"] if as_argument else []),
        DATABASE_URL=foreign,
    )
    assert told.returncode == 0, told.stderr
    done = [line.rpartition(" on ")[::2] for line in told.stdout.splitlines()]
    assert [what.split()[1] for what, _ in done] == ["deploy.sqitch", "deploy.services"]
    assert {where for _, where in done} == {"the embedded one"}


def test_token_prints_one_token_only(tmp_path: Path) -> None:
    """`$(make -s token ROLE=captain)` is a header's value as it stands."""
    state = State(tmp_path / "state")
    secret = state.secrets().jwt_secret
    told = make("-s", "token", "ROLE=captain", PART_LENS_STATE=str(state.directory))
    assert told.returncode == 0, told.stderr
    claims = jwt.decode(
        told.stdout.strip(), secret, algorithms=["HS256"], audience="authenticated"
    )
    assert claims["sub"] == str(CAPTAIN.user_id)
    assert shlex.split(told.stdout) == [told.stdout.strip()]


def test_totp_of_who_is_not_enrolled_says_what_to_do(tmp_path: Path) -> None:
    """Nothing goes to stdout, where it would become a code."""
    told = make("-s", "totp", "ROLE=crew", PART_LENS_STATE=str(tmp_path))
    assert told.returncode != 0
    assert told.stdout == ""
    assert "make demo" in told.stderr


def test_clean_leaves_what_is_not_ours(tmp_path: Path) -> None:
    """PART_LENS_STATE may name a directory with other things in it."""
    state = State(tmp_path / "state")
    state.secrets()
    state.signers_file.write_text("{}")
    (state.directory / "letter").write_text("kept")
    (state.log / "gateway.log").write_text("ours")
    state.storage_secret()
    (state.storage / "bytes").write_text("ours")
    remove_state(state)
    assert [path.name for path in state.directory.iterdir()] == ["letter"]


def test_make_hands_the_python_on_that_is_named() -> None:
    """To the bootstrap, which says what is wrong with it."""
    told = make("bootstrap", PYTHON="/nonexistent", PART_LENS_NO_INSTALL="1")
    assert told.returncode != 0
    assert "PYTHON=/nonexistent is no Python" in told.stderr
