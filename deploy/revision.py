"""Which version of the tree this is, as git knows it."""

from __future__ import annotations

import subprocess
from dataclasses import asdict, dataclass

from deploy.state import ROOT

# What is written there says of which commit it is, and changes nothing of it.
FINDINGS = ("evidence/bundle", "evidence/bench.json")


@dataclass(frozen=True)
class Revision:
    """A commit, None where git does not know, and whether files differ from it."""

    commit: str | None
    uncommitted_changes: bool

    @property
    def is_exact(self) -> bool:
        """Whether the commit says all."""
        return self.commit is not None and not self.uncommitted_changes

    def as_data(self) -> dict[str, str | bool | None]:
        """Return it as JSON has it."""
        return asdict(self)


def revision() -> Revision:
    """Ask git."""
    differing = _git("status", "--porcelain", "--", ".", *(f":!{f}" for f in FINDINGS))
    return Revision(_git("rev-parse", "HEAD"), bool(differing))


def _git(*arguments: str) -> str | None:
    """What git says; None where there is no repository."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
