"""Secrets that a test tells a server, and a search for where they turned up."""

from __future__ import annotations

import base64
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from deploy.tokens import mint
from tests.fleet import as_json, totp

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    import httpx

    from tests.fleet import Fleet, Ship


@dataclass
class Spy:
    """What was told in confidence."""

    needles: set[str] = field(default_factory=set)

    def hush(self, *texts: str) -> None:
        """Remember secrets; texts that are no digits also as they may be encoded."""
        for text in texts:
            self.needles.add(text)
            if not text.isdigit():
                raw = text.encode()
                self.needles |= {raw.hex(), base64.b64encode(raw).decode()}

    def found(self, text: str) -> set[str]:
        """The secrets that stand in a text; digits only where they stand alone."""
        return {
            needle
            for needle in self.needles
            if needle in text
            and (
                not needle.isdigit()
                or re.search(rf"(?<![\w.]){needle}(?![\w.])", text) is not None
            )
        }


@dataclass
class Route:
    """A server, its log, and the bodies of what it refused."""

    name: str
    http: httpx.Client = field(repr=False)
    secret: str = field(repr=False)
    log: Path
    refusals: list[str] = field(default_factory=list)

    def post(self, function: str, person: UUID | None, body: Any) -> httpx.Response:
        """Call as a person, or as a service; bytes are sent as they are."""
        response = self.http.post(
            f"/rpc/{function}",
            content=body if isinstance(body, bytes) else as_json(body),
            headers=self._headers(person) | {"content-type": "application/json"},
        )
        return self._noted(response)

    def get(
        self, function: str, person: UUID, arguments: dict[str, Any]
    ) -> httpx.Response:
        """Call by GET, as nobody should who signs."""
        response = self.http.get(
            f"/rpc/{function}",
            params={
                name: as_json(value) if isinstance(value, dict) else str(value)
                for name, value in arguments.items()
            },
            headers=self._headers(person),
        )
        return self._noted(response)

    def _headers(self, person: UUID | None) -> dict[str, str]:
        role = "service_role" if person is None else "authenticated"
        token = mint(self.secret, user_id=person, role=role)
        return {"authorization": f"Bearer {token}"}

    def _noted(self, response: httpx.Response) -> httpx.Response:
        if response.status_code >= 400:
            self.refusals.append(response.text)
        return response


@dataclass
class Signer:
    """The captain of a ship, with a PIN and an authenticator of their own."""

    fleet: Fleet = field(repr=False)
    ship: Ship
    spy: Spy = field(repr=False)
    pin: str = field(repr=False)
    secret: str = field(default="", repr=False)

    def learn(self, uri: str) -> None:
        """Put a secret into the authenticator."""
        [self.secret] = parse_qs(urlsplit(uri).query)["secret"]
        self.spy.hush(self.secret, base64.b32decode(self.secret).hex())

    def code(self) -> str:
        """A code that was not used: those that were are made older."""
        self.fleet.forget_codes(self.ship.captain)
        code = totp(base64.b32decode(self.secret), step=int(time.time()) // 30)
        self.spy.hush(code)
        return code

    def signature(self) -> dict[str, str]:
        return {"pin": self.pin, "totp": self.code()}

    def write_off(self, **more: Any) -> dict[str, Any]:
        """Arguments of a write-off that is signed well unless `more` says otherwise."""
        signature = more.get("p_signature") or self.signature()
        return self.ship.movement(
            1, **({"p_reason": "Wet", "p_signature": signature} | more)
        )


def new_pin(spy: Spy) -> str:
    """A PIN that stands nowhere by chance."""
    pin = f"9{secrets.randbelow(10**11):011}"
    spy.hush(pin)
    return pin


def enrol(route: Route, fleet: Fleet, ship: Ship, spy: Spy) -> Signer:
    """Let the captain sign, through the API, from the service's code on."""
    captain = ship.captain
    signer = Signer(fleet, ship, spy, new_pin(spy))
    issued = route.post(
        "issue_enrolment_code",
        None,
        {"p_yacht_id": ship.yacht_id, "p_user_id": captain},
    )
    code = issued.json()["enrolment_code"]
    spy.hush(code)
    yacht = {"p_yacht_id": ship.yacht_id}
    told = route.post(
        "enroll_signature", captain, yacht | {"p_pin": signer.pin, "p_code": code}
    )
    signer.learn(told.json()["otpauth_uri"])
    done = route.post("confirm_signature", captain, yacht | {"p_totp": signer.code()})
    assert done.status_code == 200, done.text
    return signer


def change(route: Route, signer: Signer) -> None:
    """Give the captain another PIN and authenticator, under the old signature."""
    yacht = {"p_yacht_id": signer.ship.yacht_id}
    pin = new_pin(signer.spy)
    told = route.post(
        "enroll_signature",
        signer.ship.captain,
        yacht | {"p_pin": pin, "p_signature": signer.signature()},
    )
    signer.pin = pin
    signer.learn(told.json()["otpauth_uri"])
    done = route.post(
        "confirm_signature", signer.ship.captain, yacht | {"p_totp": signer.code()}
    )
    assert done.status_code == 200, done.text
