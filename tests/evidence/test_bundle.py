"""The bundle of an installation as it should be."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from evidence.collector import bundle
from evidence.collector.__main__ import CLAIMS

from .test_benchmark import bench_file

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Live, Taken

# Times as PostgreSQL and Python write them.
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S*")
# Tokens, the URI of an authenticator, PINs, codes: by their form.
SECRETS = (r"eyJ[\w-]+\.", "otpauth:", r'"p?_?pin": "\d', r'"totp": "\d', "Bearer ")


@pytest.fixture(scope="module")
def taken(live: Live, tmp_path_factory: pytest.TempPathFactory) -> tuple[Taken, Taken]:
    """Evidence of one installation, taken twice."""
    directory = tmp_path_factory.mktemp("bundles")
    bench = bench_file(directory)
    first, second = (
        live.take(directory / name, "--calls", "60", "--bench", str(bench))
        for name in ("first", "second")
    )
    return first, second


def test_every_claim_holds(taken: tuple[Taken, Taken]) -> None:
    for run in taken:
        assert (run.failed, run.code) == ([], 0), run.output
        claims = run["acceptance_summary"]["evidence"]["claims"]
        assert claims.keys() == CLAIMS.keys()


def test_two_bundles_differ_in_numbers_alone(taken: tuple[Taken, Taken]) -> None:
    """And in times, and so in digests."""
    first, second = ({name: _bare(run[name]) for name in CLAIMS} for run in taken)
    assert first == second


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if isinstance(value, str):
        return TIME.sub("", value)
    return value if isinstance(value, bool) or value is None else 0


def test_files_are_sorted_and_have_their_digest(taken: tuple[Taken, Taken]) -> None:
    run = taken[0]
    digests = run["manifest"]["files"]
    paths = {path.name: path for path in run.directory.iterdir()}
    assert digests.keys() | {bundle.MANIFEST} == paths.keys()
    for name, digest in digests.items():
        content = paths[name].read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
        if name != bundle.PAGE:
            assert bundle.as_json(json.loads(content)) == content.decode()


def test_no_secret_is_told(taken: tuple[Taken, Taken], live: Live) -> None:
    known = [live.secret, *live.database.cluster.passwords.values()]
    for run in taken:
        for path in run.directory.iterdir():
            text = path.read_text(encoding="utf-8")
            found = [form for form in SECRETS if re.search(form, text)]
            assert found == [], path.name
            assert not any(secret in text for secret in known), path.name


def test_nothing_is_written_that_tells_a_secret(tmp_path: Path) -> None:
    findings = {"claim": {"claim": "", "holds": True, "evidence": "PIN 271828"}}
    with pytest.raises(bundle.SecretError) as caught:
        bundle.write(tmp_path, findings, page="", facts={}, secrets=["271828"])
    assert "271828" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_nobody_stays_aboard(taken: tuple[Taken, Taken], live: Live) -> None:
    """The ledger stays, the people do not."""
    assert taken
    with live.database.cluster.connect(live.database.name) as connection:
        aboard = connection.execute(
            "SELECT r.user_id FROM public.auth_users_roles AS r WHERE r.is_active"
        ).fetchall()
        signers = connection.execute(
            "SELECT c.user_id FROM private.signing_credentials AS c"
            " JOIN public.auth_users_roles AS r USING (user_id)"
        ).fetchall()
        objects = connection.execute("SELECT o.name FROM storage.objects AS o")
        assert (aboard, signers, objects.fetchall()) == ([], [], [])


def test_the_page_needs_nothing_from_elsewhere(taken: tuple[Taken, Taken]) -> None:
    """It names its own files alone, and each claim."""
    run = taken[0]
    page = (run.directory / bundle.PAGE).read_text(encoding="utf-8")
    named = _Named()
    named.feed(page)
    assert not set(named.tags) & {"script", "link", "img", "iframe", "object"}
    assert {f"{name}.json" for name in CLAIMS} <= set(named.targets)
    assert all((run.directory / target).is_file() for target in named.targets)
    assert "url(" not in page
    assert "@import" not in page
    assert named.tags.count("svg") == 5
    assert "1 of 3 targets of speed missed" in page


class _Named(HTMLParser):
    """What a page consists of and refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [text or "" for name, text in attrs if name in ("href", "src")]
