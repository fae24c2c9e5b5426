"""The pgTAP files are named as their subject, not `test…` as the plugin expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_pgtap.plugin import PgTapFile

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def pytest_collect_file(
    parent: pytest.Collector, file_path: Path
) -> pytest.Collector | None:
    if file_path.suffix != ".sql" or file_path.name.startswith("test"):
        return None
    collected: pytest.Collector = PgTapFile.from_parent(parent, path=file_path)
    return collected
