"""The signed part of the demo: enrolment through the API, a count, a write-off and a
reversal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from deploy.personas import CAPTAIN, CREW, HOD, MANAGER, SERVICE, YACHT_ID, Persona
from deploy.signers import SIGNERS, Signer, Signers, new_pin

if TYPE_CHECKING:
    import psycopg

    from deploy.demo import Tour, Walk

LEADERS = (CAPTAIN, MANAGER)
# Who lets whom enrol once the leaders can sign: spread, since a code counts once.
ISSUERS = {CREW.key: CAPTAIN, HOD.key: MANAGER, CAPTAIN.key: MANAGER}
PROOF = """
    SELECT a.role, a.outcome, a.signature,
           a.signature ->> 'payload_sha256' = encode(
               sha256(convert_to((a.metadata -> 'signed')::text, 'UTF8')), 'hex')
      FROM public.pms_audit_log AS a
     WHERE a.yacht_id = %s
       AND a.outcome = 'ok'
       AND a.metadata #>> '{signed,p_idempotency_key}' = %s
"""


@dataclass
class SigningTour:
    """The signed calls of the tour, and what they take."""

    walk: Walk
    signers: Signers
    connection: psycopg.Connection

    def enrol(self) -> None:
        """Let everybody of `SIGNERS` sign who cannot yet."""
        missing = self._missing()
        if not missing:
            return
        self.walk.title("Who signs enrols: a PIN, and an authenticator")
        codes: dict[str, str] = {}
        if all(leader in missing for leader in LEADERS):
            # Nobody on the yacht can let anybody enrol yet: once, a service can.
            codes = {leader.key: self._issue(SERVICE, leader) for leader in LEADERS}
        for persona in (*LEADERS, *SIGNERS):
            if persona in missing:
                missing.remove(persona)
                code = codes.get(persona.key) or self._issue(
                    ISSUERS.get(persona.key, CAPTAIN), persona
                )
                self._enrol(persona, code)

    def _missing(self) -> list[Persona]:
        known = self.signers.known()
        rows = self.connection.execute(
            "SELECT c.user_id FROM private.signing_credentials AS c"
            " WHERE c.is_confirmed"
        ).fetchall()
        enrolled = {user_id for (user_id,) in rows}
        missing = [
            persona
            for persona in SIGNERS
            if persona.key not in known or persona.user_id not in enrolled
        ]
        # Their PIN and authenticator are lost, and a leader's cannot be replaced when
        # nobody else signs: rpc/SIGNING.md.
        self.connection.execute(
            "DELETE FROM private.signing_credentials AS c WHERE c.user_id = ANY (%s)",
            [[persona.user_id for persona in missing]],
        )
        return missing

    def _issue(self, issuer: Persona, persona: Persona) -> str:
        signed = {} if issuer is SERVICE else {"p_signature": self._sign(issuer)}
        body = self.walk.call(
            issuer,
            "issue_enrolment_code",
            expect=201,
            hush=True,
            p_user_id=str(persona.user_id),
            p_idempotency_key=self.walk.key(f"code-{persona.key}"),
            says=lambda _: f"a code for the {_role(persona)}, good once",
            holds=lambda body: len(body["enrolment_code"]) == 16,
            **signed,
        )
        return str((body or {}).get("enrolment_code"))

    def _enrol(self, persona: Persona, code: str) -> None:
        pin = new_pin()
        body = self.walk.call(
            persona,
            "enroll_signature",
            expect=200,
            hush=True,
            p_pin=pin,
            p_code=code,
            says=lambda _: "a secret for the authenticator, told once",
            holds=lambda body: body["otpauth_uri"].startswith("otpauth://totp/"),
        )
        if not body or "otpauth_uri" not in body:
            return
        self.signers.keep(persona, Signer.from_uri(pin, body["otpauth_uri"]))
        self.walk.call(
            persona,
            "confirm_signature",
            expect=200,
            hush=True,
            p_totp=self.signers.code(persona, waits=_wait),
            says=lambda _: f"the {_role(persona)} signs from now on",
        )

    def _sign(self, persona: Persona) -> dict[str, str]:
        return self.signers.signature(persona, waits=_wait)

    def count(self, tour: Tour) -> None:
        self.walk.title("The chief engineer counts one more: not without a signature")
        arguments: dict[str, Any] = {
            "p_part_id": tour.part_id,
            "p_stock_id": tour.stock_id,
            "p_counted_quantity": tour.in_stock + 1,
            "p_reason": "One lay behind the box",
            "p_idempotency_key": self.walk.key("count"),
        }
        self.walk.call(
            HOD,
            "adjust_stock_quantity",
            expect="400 signature_required",
            says=lambda body: str(body["message"]),
            **arguments,
        )
        self.walk.title("With PIN and code it is done, and on record")
        self.walk.call(
            HOD,
            "adjust_stock_quantity",
            expect=200,
            hush=True,
            p_signature=self._sign(HOD),
            says=tour.before_and_after,
            holds=tour.moved(1),
            **arguments,
        )
        self._show_audit(str(arguments["p_idempotency_key"]))

    def _show_audit(self, key: str) -> None:
        click.echo("    pms_audit_log, by SQL as the deployer, has")
        row = self.connection.execute(PROOF, [YACHT_ID, key]).fetchone()
        role, outcome, proof, same = row or ("nobody", "missing", {}, False)
        click.echo(f"    {json.dumps(proof)}")
        self.walk.verdict(
            str(outcome),
            f"signed as {role}; payload_sha256 is the hash of what was signed",
            right=bool(same) and proof["pin"] == proof["totp"] == "verified",
        )

    def write_off(self, tour: Tour) -> None:
        self.walk.title("A crew member writes a broken one off, signed too")
        self.walk.call(
            CREW,
            "write_off_part",
            expect=200,
            hush=True,
            p_part_id=tour.part_id,
            p_stock_id=tour.stock_id,
            p_quantity=1,
            p_reason="Blade torn off",
            p_idempotency_key=self.walk.key("write-off"),
            p_signature=self._sign(CREW),
            says=tour.before_and_after,
            holds=tour.moved(-1),
        )

    def reverse(self, tour: Tour) -> None:
        self.walk.title("Takes one by mistake; the manager reverses the movement")
        taken = self.walk.call(
            CREW,
            "consume_part",
            expect=200,
            p_part_id=tour.part_id,
            p_stock_id=tour.stock_id,
            p_quantity=1,
            p_idempotency_key=self.walk.key("mistake"),
            says=tour.before_and_after,
            holds=tour.moved(-1),
        )
        self.walk.call(
            MANAGER,
            "reverse_transaction",
            expect=201,
            hush=True,
            p_transaction_id=(taken or {}).get("transaction_id"),
            p_reason="Taken by mistake",
            p_idempotency_key=self.walk.key("reversal"),
            p_signature=self._sign(MANAGER),
            says=tour.before_and_after,
            holds=tour.moved(1),
        )


def _role(persona: Persona) -> str:
    return f"{persona.yacht_role}".replace("_", " ")


def _wait(seconds: float) -> None:
    click.echo(f"    (a code counts once: the next comes in {seconds:.0f} s)")
