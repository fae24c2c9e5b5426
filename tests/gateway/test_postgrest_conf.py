"""deploy/postgrest.conf against a real PostgREST."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from deploy import postgrest as postgrest_tool
from deploy.background import ServiceError
from deploy.process import free_port

SETTING = re.compile(r'^([a-z-]+) = (?:"(.*)"|(\d+))$', re.MULTILINE)


def settings(text: str) -> dict[str, str]:
    return {name: word or number for name, word, number in SETTING.findall(text)}


def test_every_setting_is_known_and_as_it_was_written() -> None:
    """A server passes over what it does not know: then it would not list it."""
    try:
        binary = postgrest_tool.binary()
    except ServiceError as error:
        pytest.skip(str(error))
    shown = subprocess.run(
        [binary, "--dump-config", postgrest_tool.CONFIGURATION],
        # It listens even for this, on 3000 unless told otherwise.
        env={
            **os.environ,
            "PGRST_DB_CONFIG": "false",
            "PGRST_SERVER_PORT": str(free_port()),
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    written = settings(postgrest_tool.CONFIGURATION.read_text(encoding="utf-8"))
    found = settings(shown)
    assert written["db-tx-end"] == "commit"
    assert {name: found.get(name) for name in written} == written
