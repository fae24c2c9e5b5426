"""Where this clone keeps what it makes at run time, and its secrets.

The standard library only: `make clean` must work when the environment is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGINS = ("postgres", "part_lens_deployer", "authenticator", "master_resolver")


class StateError(Exception):
    """The state directory or the secrets in it cannot be used."""


@dataclass(frozen=True)
class Secrets:
    """What the embedded installation must keep to itself; never shown by repr.

    `jwt_secret` signs tokens (HS256); `passwords` maps each login to its password.
    """

    jwt_secret: str = field(repr=False)
    passwords: dict[str, str] = field(repr=False)

    @classmethod
    def generate(cls) -> Secrets:
        """Make new ones; URL-safe, so that they need no quoting anywhere."""
        return cls(
            jwt_secret=secrets.token_urlsafe(48),
            passwords={login: secrets.token_urlsafe(24) for login in LOGINS},
        )

    @classmethod
    def read(cls, path: Path) -> Secrets:
        """Load them from a JSON file; StateError if it is not ours or damaged."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                jwt_secret=str(content["jwt_secret"]),
                passwords={login: content["passwords"][login] for login in LOGINS},
            )
        except OSError as error:
            raise StateError(f"cannot read {path}: {error.strerror}") from None
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"{path} is damaged; `make clean` starts over") from error

    def write(self, path: Path) -> None:
        """Write them to `path` (0600) unless it exists: who comes first decides."""
        content = {"jwt_secret": self.jwt_secret, "passwords": self.passwords}
        _write_once(path, json.dumps(content, indent=2))


@dataclass(frozen=True)
class State:
    """The paths under the state directory.

    `directory` is made on first use, open for others to pass through but not to list:
    PostgreSQL may run as another user than its caller.
    """

    directory: Path

    @classmethod
    def current(cls) -> State:
        """The directory that PART_LENS_STATE names, else `.local` in the clone."""
        named = os.environ.get("PART_LENS_STATE")
        return cls(Path(named).expanduser().absolute() if named else ROOT / ".local")

    @property
    def cluster(self) -> Path:
        return self.directory / "cluster"

    @property
    def log(self) -> Path:
        return self._made("log")

    @property
    def run(self) -> Path:
        """Where background processes are remembered."""
        return self._made("run")

    @property
    def secrets_file(self) -> Path:
        return self.directory / "secrets.json"

    @property
    def signers_file(self) -> Path:
        """What the sample people sign with."""
        return self.directory / "signers.json"

    def secrets(self) -> Secrets:
        """Load this installation's secrets; make them at the first call."""
        if not self.secrets_file.exists():
            self.make()
            Secrets.generate().write(self.secrets_file)
        return Secrets.read(self.secrets_file)

    @property
    def storage(self) -> Path:
        """Where the gateway keeps the bytes of storage objects."""
        return self._made("storage")

    @property
    def storage_secret_file(self) -> Path:
        return self.directory / "storage_secret"

    def storage_secret(self) -> str:
        """Load what signs the URLs of storage objects; make it at the first call."""
        if not self.storage_secret_file.exists():
            self.make()
            _write_once(self.storage_secret_file, secrets.token_urlsafe(48))
        return self.storage_secret_file.read_text(encoding="utf-8")

    def make(self) -> None:
        """Create the directory; StateError if that is not allowed."""
        try:
            self.directory.mkdir(mode=0o711, parents=True, exist_ok=True)
        except OSError as error:
            raise StateError(f"cannot create {self.directory}: {error}") from error

    def _made(self, name: str) -> Path:
        self.make()
        path = self.directory / name
        try:
            path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StateError(f"cannot create {path}: {error.strerror}") from None
        return path


def _write_once(path: Path, text: str) -> None:
    """Write a file (0600) unless it exists, whole or not at all.

    StateError if that is not possible.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
        Path(name).unlink()
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}") from None
