"""The pages for people: what they name is there."""

from __future__ import annotations

import re
import subprocess
from collections import UserDict
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING

import pytest

from deploy.state import ROOT
from gateway.settings import Settings
from gateway.tenancy import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = sorted(
    [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("rpc/*.md")],
    key=str,
)
GATEWAY = ROOT / "docs" / "gateway.md"
# Not the migrations: what was renamed or dropped stands there for ever.
SOURCES = ("gateway", "deploy", "sql", "policies", "rpc", "tests")
FOLDERS = (*SOURCES, "migrations", "docs")
ENVIRONMENT = {
    "PART_LENS_JWT_SECRET": "s" * 32,
    "PART_LENS_DATABASE_URL": "dbname=x",
}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
# Words with an underscore: RPCs, tables, columns, codes, settings of the server.
IDENTIFIER = re.compile(r"(?:[a-z]+\.)?[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
SETTING = re.compile(r"\b(?:PART_LENS|PGRST|TENANT)_[A-Z0-9_<>]*[A-Z0-9>]")
SCHEMAS = ("auth", "master", "pg_catalog", "private", "public", "storage")
# Of the programs beside us, and in names that a reader makes up.
ELSEWHERE = {"auto_explain", "max_connections", "log_statement", "label_part"}


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path) -> Iterator[tuple[str, str]]:
    """The language and text of fenced blocks, and of indented ones."""
    yield from FENCE.findall(text(path))
    prose = FENCE.sub("", text(path))
    for found in re.finditer(r"(?:^    .*\n)+", prose, re.MULTILINE):
        yield "indented", re.sub(r"^    ", "", found[0], flags=re.MULTILINE)


def inline(path: Path) -> list[str]:
    return INLINE.findall(FENCE.sub("", text(path)))


def anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", text(path)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}


@cache
def sources() -> str:
    files = [
        path
        for folder in SOURCES
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".sql", ".yaml", ".yml", ".list", ".sh")
        and "node_modules" not in path.parts
        and path.name != "test_docs.py"
    ]
    return "\n".join(map(text, [*files, ROOT / "Makefile"]))


@cache
def words() -> set[str]:
    found = set(re.findall(r"\w+", sources()))
    return found | {path.stem for path in ROOT.glob("migrations/*/deploy/*.sql")}


def recorded(**more: str) -> set[str]:
    """The variables that are asked for while the settings are read."""
    asked: set[str] = set()

    class Recording(UserDict[str, str]):
        def __getitem__(self, name: str) -> str:
            asked.add(name)
            return super().__getitem__(name)

        def __contains__(self, name: object) -> bool:
            asked.add(str(name))
            return super().__contains__(name)

    Settings.from_environment(Recording({**ENVIRONMENT, **more}))
    return {name for name in asked if name.startswith("PART_LENS_")}


def table() -> dict[str, str]:
    """The settings that gateway.md lists, and what stands under default."""
    rows = re.findall(
        r"^\| `((?:PART_LENS|TENANT)_[^`]+)` \| ([^|]*) ?\|",
        text(GATEWAY),
        re.MULTILINE,
    )
    assert len(rows) == len(dict(rows)), "a setting stands twice"
    return {name: default.strip() for name, default in rows}


def test_every_setting_that_is_read_stands_in_the_table_and_no_other() -> None:
    parts = re.search(r"\?P<part>([^)]+)\)", VARIABLE.pattern)
    assert parts is not None
    assert table().keys() == recorded() | {
        f"TENANT_<ALIAS>_{part}" for part in parts[1].split("|")
    }


def test_the_defaults_in_the_table_are_the_settings() -> None:
    settings = Settings.from_environment(ENVIRONMENT)
    own = {field.name for field in fields(Settings)}
    compared = 0
    for name, told in table().items():
        attribute = name.removeprefix("PART_LENS_").lower()
        if attribute in own and told.startswith("`"):
            value = getattr(settings, attribute)
            if isinstance(value, bool):
                value = "on" if value else "off"
            elif isinstance(value, float):
                value = f"{value:g}"
            assert told.strip("`") == str(value), name
            compared += 1
    assert compared >= 10


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_lead_somewhere(page: Path) -> None:
    prose = FENCE.sub("", text(page))
    for link in LINK.findall(prose):
        if "://" in link:
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_links_every_page() -> None:
    linked = set(LINK.findall(text(ROOT / "README.md")))
    assert {f"docs/{path.name}" for path in ROOT.glob("docs/*.md")} <= linked


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_targets_of_make_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), re.MULTILINE))
    code = [*inline(page), *(body for _, body in blocks(page))]
    for line in "\n".join(code).splitlines():
        plain = re.sub(r'"[^"]*"', "", line)
        for command in re.findall(r"\bmake ((?:[\w./$<>{}^@=-]+ ?)+)", plain):
            named = set(re.findall(r"(?<!\S)[a-z][a-z-]*(?!\S)", command))
            assert named <= targets, line


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_files_exist(page: Path) -> None:
    code = [*inline(page), *(body for language, body in blocks(page) if language)]
    for name in re.findall(r"(?<![\w/.:$*}-])[\w.-]+/[\w./<>*{},-]*", "\n".join(code)):
        if name.partition("/")[0] not in FOLDERS or "{" in name:
            continue
        pattern = re.sub(r"<\w+>", "*", name.rstrip("/.,"))
        # A reader will make it.
        if pattern.rpartition("/")[2].partition(".")[0] in ELSEWHERE:
            continue
        assert any(ROOT.glob(pattern)), name


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_names_in_code_are_used_in_the_sources(page: Path) -> None:
    """A renamed function, table, code or setting takes its mention along."""
    for code in inline(page):
        if IDENTIFIER.fullmatch(name := code.partition("(")[0]):
            schema, _, bare = name.rpartition(".")
            assert bare in words() | ELSEWHERE, code
            if schema in SCHEMAS:
                assert f"{schema}.{bare}" in sources(), code


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_settings_exist(page: Path) -> None:
    for name in SETTING.findall(text(page)):
        known = VARIABLE.fullmatch(name.replace("<ALIAS>", "ALIAS"))
        assert known or name in table() or name in words(), name


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_commands_are_shell(page: Path) -> None:
    for language, body in blocks(page):
        if language == "sh":
            told = subprocess.run(
                ["bash", "-n"], input=body, capture_output=True, text=True, check=False
            )
            assert told.returncode == 0, f"{told.stderr}\n{body}"
