"""What a claim is: a sentence, a way to examine it, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable

    from evidence.collector.ground import Ground


@dataclass(frozen=True)
class Finding:
    """Whether a claim holds, and the data that say so; None: it was not examined."""

    holds: bool | None
    evidence: Any


@dataclass(frozen=True)
class Claim:
    """One file of the bundle.

    `seconds` is about how long it takes to examine, for the progress bar.
    """

    name: str
    sentence: str
    examine: Callable[[Ground], Finding]
    seconds: float = 1.0

    def judged(self, ground: Ground) -> dict[str, Any]:
        """The content of its file; what cannot be examined does not hold."""
        try:
            found = self.examine(ground)
        except psycopg.Error as error:
            # Its text may quote rows.
            found = Finding(False, {"not_examined": f"SQLSTATE {error.sqlstate}"})
        except httpx.HTTPError as error:
            found = Finding(False, {"not_examined": type(error).__name__})
        except (KeyError, TypeError, ValueError, IndexError) as error:
            told = f"{type(error).__name__}: an answer was not as expected"
            found = Finding(False, {"not_examined": told})
        return {
            "claim": self.sentence,
            "holds": found.holds,
            "evidence": found.evidence,
        }
