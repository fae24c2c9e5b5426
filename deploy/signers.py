"""What the sample people sign with: a PIN and an authenticator each, kept in a file.

The file (0600, in the state directory) is for the demo alone: real people keep both to
themselves. It also remembers the codes that were given, since each counts once.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import secrets
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import click

from deploy.personas import CAPTAIN, CREW, HOD, MANAGER, Persona, find
from deploy.state import State, StateError

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNERS = (CREW, HOD, CAPTAIN, MANAGER)
# RFC 6238 as in rpc/SIGNING.md: seconds of a step, and how many a clock may be off.
STEP = 30
LEEWAY = 1
# Seconds that a call may take until its code is looked at.
MARGIN = 5


class NotEnrolledError(Exception):
    """The person has nothing to sign with."""


@dataclass
class Signer:
    """A PIN, the base32 secret of an authenticator, and the steps that were used."""

    pin: str = field(repr=False)
    secret: str = field(repr=False)
    used: list[int] = field(default_factory=list)

    @classmethod
    def from_uri(cls, pin: str, uri: str) -> Signer:
        """What enroll_signature told: the authenticator scans it as a QR code."""
        return cls(pin, parse_qs(urlsplit(uri).query)["secret"][0])

    def step(self, now: float) -> int | None:
        """The oldest time step that the server takes at `now` (Unix time) and that was
        not used; None if there is none until the next step begins."""
        current = int(now // STEP)
        fresh = STEP - now % STEP > MARGIN
        for step in range(current - LEEWAY, current + LEEWAY + 1):
            if step not in self.used and (fresh or step >= current):
                return step
        return None

    def code(self, step: int) -> str:
        """The code of a step, which is used from now on."""
        self.used = [*(old for old in self.used if old >= step - 2 * LEEWAY - 1), step]
        key = base64.b32decode(self.secret)
        digest = hmac.digest(key, step.to_bytes(8, "big"), "sha1")
        offset = digest[19] & 15
        number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
        return f"{number % 1_000_000:06}"


@dataclass(frozen=True)
class Signers:
    """The signers in the file of an installation."""

    path: Path

    @classmethod
    def of(cls, state: State) -> Signers:
        return cls(state.signers_file)

    def known(self) -> dict[str, Signer]:
        """Each signer by the persona's key; StateError if the file is damaged."""
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            return {key: Signer(**signer) for key, signer in content.items()}
        except FileNotFoundError:
            return {}
        except (AttributeError, TypeError, ValueError) as error:
            raise StateError(f"{self.path} is damaged: remove it") from error

    def keep(self, persona: Persona, signer: Signer) -> None:
        """Write a signer down, in place of an older one."""
        content = {
            key: asdict(known)
            for key, known in (self.known() | {persona.key: signer}).items()
        }
        handle, name = tempfile.mkstemp(dir=self.path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
        Path(name).replace(self.path)

    def code(
        self, persona: Persona, *, waits: Callable[[float], None] = lambda _: None
    ) -> str:
        """A code of the persona's that was not given before.

        When all are used up that the server would take, `waits` is told for how many
        seconds, and it waits. NotEnrolledError if there is no such signer.
        """
        signer = self.known().get(persona.key)
        if signer is None:
            keys = [each.key for each in SIGNERS]
            raise NotEnrolledError(
                f"{persona.key} has nothing to sign with: `make demo` lets"
                f" {', '.join(keys[:-1])} and {keys[-1]} enrol"
            )
        now = time.time()
        step = signer.step(now)
        if step is None:
            pause = STEP - now % STEP
            waits(pause)
            time.sleep(pause)
            step = int(time.time() // STEP) + LEEWAY
        code = signer.code(step)
        self.keep(persona, signer)
        return code

    def signature(
        self, persona: Persona, *, waits: Callable[[float], None] = lambda _: None
    ) -> dict[str, str]:
        """What a signed call sends as p_signature."""
        code = self.code(persona, waits=waits)
        return {"pin": self.known()[persona.key].pin, "totp": code}


def new_pin() -> str:
    """A PIN of 8 digits."""
    return f"{secrets.randbelow(10**8):08}"


@click.command()
@click.argument("role")
def main(role: str) -> None:
    """Print one code of ROLE's authenticator: crew, hod, captain or manager."""

    def waits(seconds: float) -> None:
        click.echo(f"the next code comes in {seconds:.0f} s", err=True)

    try:
        click.echo(Signers.of(State.current()).code(find(role), waits=waits))
    except KeyError as error:
        raise click.ClickException(error.args[0]) from error
    except (NotEnrolledError, StateError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
