"""Where evidence is taken: a yacht and people of its own on a live installation.

Yachts and roles have no RPC, so they go in as the deployer's SQL; everything else is
done by calls. The ledger is append-only: the yacht stays when the evidence is taken,
with nobody aboard and nobody who can sign.
"""

from __future__ import annotations

import itertools
import json
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString

import httpx
import psycopg
from psycopg.rows import dict_row

from deploy.signers import Signer, new_pin
from deploy.tokens import mint
from evidence.collector.benchmark import Speed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CREW_ONLY = ("crew", "deckhand", "steward", "engineer")
HEADS = ("eto", "chief_engineer", "chief_officer", "chief_steward", "purser")
ROLES = (*CREW_ONLY, *HEADS, "captain", "manager")
# Each code counts once and a step of time has one: several captains sign by turns.
SIGNERS = tuple(f"signer_{number}" for number in range(1, 8))
# Whose signature is locked in the course of it.
CLUMSY = "clumsy_captain"
# A person of each kind for calls that may spoil something.
SCANNERS: Mapping[str, str] = {
    f"scan_{role}": role for role in ("crew", "chief_engineer", "captain", "manager")
}
PEOPLE: Mapping[str, str] = {
    **{role: role for role in ROLES},
    **dict.fromkeys(SIGNERS, "captain"),
    CLUMSY: "captain",
    **SCANNERS,
}
YACHT = """
WITH ids AS MATERIALIZED (
    SELECT private.uuid_v7() AS id
    FROM generate_series(1, 2000)
)
INSERT INTO public.yacht_registry (yacht_id, name)
SELECT i.id, %s
FROM ids AS i
-- In, as soon as anybody is.
WHERE private.canary_bucket('part_lens_v2', i.id) < 5
LIMIT 1
RETURNING yacht_id
"""


# What a gateway of several tenants says to people whom MASTER does not know.
TENANCY_CODES = {"account_unknown", "tenant_missing", "tenant_unknown"}


@dataclass(frozen=True)
class Tenancy:
    """Whose the database is, and MASTER, which has to know the people."""

    alias: str
    master: psycopg.Connection = field(repr=False)

    def admit(
        self, yachts: Mapping[uuid.UUID, str], people: Sequence[uuid.UUID]
    ) -> None:
        """Yachts with their names, and people, become the tenant's.

        :raises UnreadyError: MASTER has no such tenant.
        """
        cursor = self.master.cursor()
        try:
            cursor.executemany(
                "INSERT INTO master.yachts (yacht_id, tenant_key_alias, name)"
                " VALUES (%s, %s, %s)",
                [(yacht, self.alias, name) for yacht, name in yachts.items()],
            )
        except psycopg.errors.ForeignKeyViolation:
            raise UnreadyError(f"MASTER has no tenant {self.alias}") from None
        cursor.executemany(
            "INSERT INTO master.user_accounts (user_id, tenant_key_alias)"
            " VALUES (%s, %s)",
            [(person, self.alias) for person in people],
        )

    def dismiss(self, people: Sequence[uuid.UUID]) -> None:
        """The accounts stay, and open nothing."""
        self.master.execute(
            "UPDATE master.user_accounts SET is_active = false"
            " WHERE user_id = ANY (%s)",
            [people],
        )


class UnreadyError(Exception):
    """The installation does not let evidence be taken; the text is one line."""


@dataclass(frozen=True)
class Answer:
    """What a call answered."""

    status: int
    body: Any

    @property
    def code(self) -> str | None:
        """The refusal's code; None for a success."""
        if self.status < 400 or not isinstance(self.body, dict):
            return None
        code: str | None = self.body.get("code")
        return code

    @property
    def shown(self) -> str:
        """Status and code, as evidence shows them."""
        return f"{self.status} {self.code}" if self.code else str(self.status)


@dataclass
class Ground:
    """A live installation, and the yacht on it that evidence is taken of.

    `people` are their ids by key; `other_yacht` is alongside, with a `stranger`.
    """

    url: str
    http: httpx.Client = field(repr=False)
    secret: str = field(repr=False)
    database: psycopg.Connection = field(repr=False)
    yacht_id: uuid.UUID
    other_yacht: uuid.UUID
    people: Mapping[str, uuid.UUID]
    tenancy: Tenancy | None = None
    calls: int = 500
    workers: int = 10
    speed: Speed = field(default_factory=lambda: Speed(None, "nobody asked for it"))
    signers: dict[str, Signer] = field(default_factory=dict, repr=False)
    # Secrets that were told to others than the signers.
    told: set[str] = field(default_factory=set, repr=False)
    locations: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def rows(
        self,
        query: LiteralString,
        parameters: Sequence[Any] | Mapping[str, Any] = (),
    ) -> list[dict[str, Any]]:
        """What a query finds; the deployer sees every row."""
        with self.database.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, parameters).fetchall()

    def headers(self, who: str) -> dict[str, str]:
        """What `who` sends: a person's key, `anon`, `service` or `nobody`."""
        if who == "nobody":
            return {}
        roles = {"anon": "anon", "service": "service_role"}
        alone = self.tenancy if who in roles else None
        token = mint(
            self.secret,
            user_id=self.people.get(who),
            role=roles.get(who, "authenticated"),
            tenant=alone.alias if alone else None,
        )
        return {"Authorization": f"Bearer {token}"}

    def call(self, who: str, function: str, /, **arguments: Any) -> Answer:
        """Call an RPC on the yacht; `p_yacht_id` may be given, to be another's."""
        response = self.http.post(
            f"/rpc/{function}",
            content=json.dumps({"p_yacht_id": self.yacht_id, **arguments}, default=str),
            headers={"Content-Type": "application/json", **self.headers(who)},
        )
        return Answer(response.status_code, response.json())

    def done(self, who: str, function: str, /, **arguments: Any) -> dict[str, Any]:
        """A call that has to succeed; ValueError if it does not."""
        answer = self.call(who, function, **arguments)
        if answer.status >= 300:
            raise ValueError(f"{function} answers {answer.shown}")
        found: dict[str, Any] = answer.body
        return found

    def location(self, name: str) -> str:
        """The id of the location of this name, made at the first call."""
        if name not in self.locations:
            made = self.done(
                "captain", "create_location", p_name=name, p_idempotency_key=key()
            )
            self.locations[name] = made["location_id"]
        return self.locations[name]

    def part(self, name: str, on_hand: int = 0, **more: Any) -> str:
        """The id of a new part with so many units in the main locker."""
        made = self.done(
            "captain",
            "create_part",
            p_part_number=f"EV-{next(self._numbers):03}",
            p_name=name,
            p_primary_location_id=self.location("Main locker"),
            p_opening_quantity=on_hand,
            p_idempotency_key=key(),
            **more,
        )
        return str(made["part_id"])

    def sign(self) -> tuple[str, dict[str, str]]:
        """A captain who can sign now, and their signature; waits for the next step
        of time when all codes are used."""
        self.enrol()
        while True:
            now = time.time()
            for who in SIGNERS:
                step = self.signers[who].step(now)
                if step is not None:
                    signer = self.signers[who]
                    return who, {"pin": signer.pin, "totp": signer.code(step)}
            time.sleep(1)

    def enrol(self) -> None:
        """Let the captains who sign enrol, by the API, unless they have."""
        if self.signers:
            return
        people = (*SIGNERS, CLUMSY)
        # A service may, as long as no captain or manager of the yacht can sign.
        codes = {
            who: self.done(
                "service",
                "issue_enrolment_code",
                p_user_id=self.people[who],
                p_idempotency_key=key(),
            )["enrolment_code"]
            for who in people
        }
        self.told |= set(codes.values())
        for who in people:
            pin = new_pin()
            uri = self.done(who, "enroll_signature", p_pin=pin, p_code=codes[who])
            signer = Signer.from_uri(pin, uri["otpauth_uri"])
            step = signer.step(time.time())
            if step is None:
                raise ValueError("a new authenticator has no code")
            self.done(who, "confirm_signature", p_totp=signer.code(step))
            self.signers[who] = signer

    def secrets(self) -> set[str]:
        """What must not be in a bundle: PINs and authenticators' secrets."""
        return {
            text
            for signer in self.signers.values()
            for text in (signer.pin, signer.secret)
        } | {self.secret, *self.told}


def key() -> str:
    """A fresh idempotency key."""
    return f"evidence-{uuid.uuid4()}"


@contextmanager
def boarded(
    url: str,
    secret: str,
    database: psycopg.Connection,
    *,
    tenancy: Tenancy | None = None,
    **more: Any,
) -> Iterator[Ground]:
    """A yacht of its own with people, who leave at the end.

    :raises UnreadyError: nobody answers, the people's tokens are not taken, or a canary
        ramp is watched.
    """
    demand_no_ramp(database)
    names = ("M/Y Evidence", "S/Y Alongside")
    yacht_id, other = (_yacht(database, name) for name in names)
    people = {who: uuid.uuid4() for who in (*PEOPLE, "stranger")}
    aboard = [
        *((people[who], yacht_id, role) for who, role in PEOPLE.items()),
        (people["stranger"], other, "manager"),
    ]
    try:
        if tenancy:
            tenancy.admit(
                dict(zip((yacht_id, other), names, strict=True)), [*people.values()]
            )
        database.cursor().executemany(
            "INSERT INTO public.auth_users_roles (user_id, yacht_id, role)"
            " VALUES (%s, %s, %s)",
            aboard,
        )
        with httpx.Client(
            base_url=url,
            timeout=30,
            trust_env=False,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
        ) as http:
            ground = Ground(
                url, http, secret, database, yacht_id, other, people, tenancy, **more
            )
            _demand_ready(ground)
            yield ground
    finally:
        _leave(database, list(people.values()))
        if tenancy:
            tenancy.dismiss(list(people.values()))


def _yacht(database: psycopg.Connection, name: str) -> uuid.UUID:
    row = database.execute(YACHT, [name]).fetchone()
    if row is None:
        raise UnreadyError("no yacht is within the first 5 % of the canary")
    found: uuid.UUID = row[0]
    return found


def _demand_ready(ground: Ground) -> None:
    try:
        answer = ground.call("captain", "action_list")
    except (httpx.HTTPError, ValueError) as error:
        raise UnreadyError(
            f"{ground.url} does not answer: {type(error).__name__}"
        ) from error
    if answer.code in TENANCY_CODES:
        raise UnreadyError(
            f"{ground.url} serves several tenants: TENANT names the one whose database"
            " DATABASE_URL is, and MASTER_DATABASE_URL is MASTER, as its deployer"
        )
    if answer.status != 200:
        raise UnreadyError(
            f"{ground.url} answers {answer.shown} to a captain of a new yacht: is"
            " DATABASE_URL its database, and JWT_SECRET what signs its tokens?"
        )


def demand_no_ramp(database: psycopg.Connection) -> None:
    """Calls that are wrong on purpose would count against a ramp that is watched.

    :raises UnreadyError: one is.
    """
    row = database.execute(
        "SELECT private.canary_state(clock_timestamp()) ->> 'is_watched'"
    ).fetchone()
    if row and row[0] == "true":
        raise UnreadyError(
            "a canary ramp is watched: wrong calls, which are part of the evidence,"
            " would make it fall back"
        )


def _leave(database: psycopg.Connection, people: list[uuid.UUID]) -> None:
    """Nobody is aboard any more, and nobody can sign."""
    if database.closed:
        return
    for query in (
        "UPDATE public.auth_users_roles SET is_active = false WHERE user_id = ANY (%s)",
        "DELETE FROM private.signing_credentials WHERE user_id = ANY (%s)",
    ):
        database.execute(query.encode(), [people])
