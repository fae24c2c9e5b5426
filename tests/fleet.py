"""A fleet of the tests' own, made by the deployer's SQL, and calls of its people.

Yachts are cheap here: a test takes one for itself and needs no cleaning up.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString, Protocol
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from deploy.tokens import mint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import httpx

CREW_ONLY = ("crew", "deckhand", "steward", "engineer")
HEADS = ("eto", "chief_engineer", "chief_officer", "chief_steward", "purser")
ROLES = (*CREW_ONLY, *HEADS, "captain", "manager")

PIN = "271828"

_numbers = itertools.count(1)


def new_id() -> UUID:
    """An id that sorts behind those made before."""
    return UUID(int=0x0197B000_0000_7000_8000_000000000000 + next(_numbers))


def secret_of(user_id: UUID) -> bytes:
    """The secret of a test person's authenticator."""
    return hashlib.sha256(user_id.bytes).digest()[:20]


def totp(secret: bytes, *, step: int | None = None) -> str:
    """The code of a time step, by default the present one: RFC 6238."""
    counter = int(time.time()) // 30 if step is None else step
    digest = hmac.digest(secret, counter.to_bytes(8, "big"), "sha1")
    offset = digest[19] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


# Stocks on which any two of the ledger's figures disagree, or whose movements do not
# follow one another.
FAULTS = """
SELECT
    s.stock_id,
    s.quantity AS cache,
    v.on_hand AS summed,
    v.newest_on_hand_after AS newest,
    v.reconciliation_status AS status,
    l.on_hand AS listed,
    m.*
FROM public.pms_inventory_stock AS s
JOIN public.v_stock_from_transactions AS v USING (yacht_id, stock_id)
JOIN public.pms_stock_by_location AS l USING (yacht_id, stock_id)
CROSS JOIN LATERAL (
    SELECT
        count(*) AS movements,
        coalesce(max(t.seq), 0) AS newest_seq,
        coalesce(sum(t.quantity_change), 0) AS total,
        coalesce(min(t.on_hand_after), 0) AS least,
        coalesce(bool_and(t.follows), true) AS follows
    FROM (
        SELECT
            t.seq,
            t.quantity_change,
            t.on_hand_after,
            t.on_hand_before = lag(t.on_hand_after, 1, 0) OVER w
            AND t.recorded_at >= lag(t.recorded_at, 1, '-infinity') OVER w AS follows
        FROM public.pms_inventory_transactions AS t
        WHERE t.yacht_id = s.yacht_id
          AND t.stock_id = s.stock_id
        WINDOW w AS (ORDER BY t.seq)
    ) AS t
) AS m
WHERE s.yacht_id = %(yacht)s
  AND NOT (
      s.quantity = v.on_hand
      AND s.quantity = v.newest_on_hand_after
      AND s.quantity = l.on_hand
      AND s.quantity = m.total
      AND v.reconciliation_status = 'OK'
      AND m.movements = m.newest_seq
      AND m.least >= 0
      AND m.follows
  )
"""
PART_FAULTS = """
SELECT p.part_id, p.on_hand, sum(s.quantity) AS stocks
FROM public.pms_part_stock AS p
JOIN public.pms_inventory_stock AS s USING (yacht_id, part_id)
WHERE p.yacht_id = %(yacht)s
GROUP BY p.part_id, p.on_hand
HAVING p.on_hand <> sum(s.quantity)
"""


@dataclass(frozen=True)
class Answer:
    """What a call answered, by whichever way it was made."""

    status: int
    body: Any

    @property
    def code(self) -> str | None:
        """The refusal's code; None for a success."""
        if self.status < 400:
            return None
        code: str = self.body["code"]
        return code


class Caller(Protocol):
    """A way to call an RPC as a person."""

    def __call__(self, person: UUID, function: str, /, **arguments: Any) -> Answer: ...


@dataclass(frozen=True)
class Part:
    """A part and its stocks by location."""

    part_id: UUID
    number: str
    stocks: Mapping[UUID, UUID]


@dataclass(frozen=True)
class Fleet:
    """Makes yachts, people, locations and parts as the deployer."""

    connection: psycopg.Connection = field(repr=False)

    def yacht(self) -> UUID:
        """A new yacht."""
        yacht_id = new_id()
        self.execute(
            "INSERT INTO public.yacht_registry (yacht_id, name) VALUES (%s, %s)",
            [yacht_id, f"M/Y Test {next(_numbers)}"],
        )
        return yacht_id

    def people(
        self, yacht_id: UUID, roles: Sequence[str] = ROLES
    ) -> Mapping[str, UUID]:
        """One new person for each role."""
        people = {role: new_id() for role in roles}
        self.connection.cursor().executemany(
            "INSERT INTO public.auth_users_roles (user_id, yacht_id, role)"
            " VALUES (%s, %s, %s)",
            [(user_id, yacht_id, role) for role, user_id in people.items()],
        )
        return people

    def person(self, yacht_id: UUID, role: str) -> UUID:
        """A new person."""
        return self.people(yacht_id, [role])[role]

    def location(self, yacht_id: UUID, name: str, parent: UUID | None = None) -> UUID:
        """A new location."""
        location_id = new_id()
        self.execute(
            "INSERT INTO public.pms_part_locations"
            " (yacht_id, location_id, parent_location_id, name)"
            " VALUES (%s, %s, %s, %s)",
            [yacht_id, location_id, parent, name],
        )
        return location_id

    def part(
        self,
        yacht_id: UUID,
        stocks: Mapping[UUID, int] | None = None,
        *,
        primary: UUID | None = None,
        **columns: Any,
    ) -> Part:
        """A new part with a stock of so many units at each location."""
        number = columns.pop("part_number", f"T-{next(_numbers):05}")
        row = {
            "yacht_id": yacht_id,
            "part_id": new_id(),
            "part_number": number,
            "name": f"Part {number}",
            "primary_location_id": primary,
        } | columns
        self.execute(
            sql.SQL("INSERT INTO public.pms_parts ({}) VALUES ({})").format(
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(map(sql.Placeholder, row)),
            ),
            row,
        )
        stock_ids = {
            location_id: self.stock(yacht_id, row["part_id"], location_id, quantity)
            for location_id, quantity in (stocks or {}).items()
        }
        return Part(row["part_id"], number, stock_ids)

    def stock(
        self, yacht_id: UUID, part_id: UUID, location_id: UUID, quantity: int = 0
    ) -> UUID:
        """A new stock, opened with `quantity` units if it is not 0."""
        stock_id = new_id()
        self.execute(
            "INSERT INTO public.pms_inventory_stock"
            " (yacht_id, stock_id, part_id, location_id) VALUES (%s, %s, %s, %s)",
            [yacht_id, stock_id, part_id, location_id],
        )
        if quantity:
            self.execute(
                "INSERT INTO public.pms_inventory_transactions"
                " (yacht_id, stock_id, quantity_change, transaction_type)"
                " VALUES (%s, %s, %s, 'opening')",
                [yacht_id, stock_id, quantity],
            )
        return stock_id

    def deactivate_part(self, yacht_id: UUID, part_id: UUID) -> None:
        self.execute(
            "UPDATE public.pms_parts SET deleted_at = now()"
            " WHERE yacht_id = %s AND part_id = %s",
            [yacht_id, part_id],
        )

    def deactivate_location(self, yacht_id: UUID, location_id: UUID) -> None:
        self.execute(
            "UPDATE public.pms_part_locations SET deleted_at = now()"
            " WHERE yacht_id = %s AND location_id = %s",
            [yacht_id, location_id],
        )

    def enrol(self, user_id: UUID, *, confirmed: bool = True, cost: int = 4) -> None:
        """Let a person sign, with PIN and the secret that follows from their id.

        `cost` is bcrypt's: by default the least, since tests sign often.
        """
        self.execute(
            "INSERT INTO private.signing_credentials"
            " (user_id, is_confirmed, pin_hash, totp_secret, key_id)"
            " SELECT %s, %s, extensions.crypt(%s, extensions.gen_salt('bf', %s)),"
            " extensions.pgp_sym_encrypt_bytea(%s, k.key), k.key_id"
            " FROM private.totp_key() AS k ON CONFLICT DO NOTHING",
            [user_id, confirmed, PIN, cost, secret_of(user_id)],
        )

    def failures(self, user_id: UUID) -> int:
        """How many wrong signatures are counted against a person."""
        return len(
            self.rows(
                "SELECT FROM private.signing_failures AS f WHERE f.user_id = %s",
                [user_id],
            )
        )

    def undo(self, yacht_id: UUID, transaction_id: UUID, user_id: UUID) -> UUID:
        """Reverse a movement, under a signature; the reversal."""
        signature_id, reversal = new_id(), new_id()
        self.execute(
            "INSERT INTO private.signatures (yacht_id, signature_id, user_id,"
            " totp_step, action, payload_sha256, signed_at)"
            " VALUES (%s, %s, %s, 1, 'reverse_transaction', repeat('0a', 32), now())",
            [yacht_id, signature_id, user_id],
        )
        self.execute(
            "INSERT INTO public.pms_inventory_transactions (yacht_id, transaction_id,"
            " stock_id, quantity_change, transaction_type, reverses_transaction_id,"
            " signature_id, signature)"
            " SELECT t.yacht_id, %s, t.stock_id, -t.quantity_change, 'reversed',"
            " t.transaction_id, %s, jsonb_build_object('method', '', 'pin', '',"
            " 'totp', '', 'signer_id', '', 'role', '', 'signed_at', '',"
            " 'totp_step', 1, 'payload_sha256', '')"
            " FROM public.pms_inventory_transactions AS t"
            " WHERE t.yacht_id = %s AND t.transaction_id = %s",
            [reversal, signature_id, yacht_id, transaction_id],
        )
        return reversal

    def signature(self, user_id: UUID) -> dict[str, str]:
        """A good signature, as often as it is asked for: used codes are made older."""
        self.execute("SELECT pg_catalog.pg_advisory_unlock_all()")
        self.execute(
            "DELETE FROM private.signing_failures WHERE user_id = %s", [user_id]
        )
        self.execute(
            "DELETE FROM private.signing_credentials WHERE user_id = %s", [user_id]
        )
        self.enrol(user_id)
        self.forget_codes(user_id)
        return self.code(user_id)

    @staticmethod
    def code(user_id: UUID) -> dict[str, str]:
        """The signature that a person who is enrolled gives now."""
        return {"pin": PIN, "totp": totp(secret_of(user_id))}

    def forget_codes(self, user_id: UUID) -> None:
        """Make the codes that a person used older than any clock."""
        self.execute(
            "UPDATE private.signatures AS s SET totp_step = -n.older FROM ("
            " SELECT g.signature_id, row_number() OVER () + ("
            " SELECT count(*) FROM private.signatures AS c) AS older"
            " FROM private.signatures AS g"
            " WHERE g.user_id = %s AND g.totp_step > 0) AS n"
            " WHERE s.signature_id = n.signature_id",
            [user_id],
        )

    def execute(
        self,
        query: LiteralString | sql.Composed,
        parameters: Sequence[Any] | Mapping[str, Any] = (),
    ) -> None:
        self.connection.execute(query, parameters)

    def rows(
        self,
        query: LiteralString,
        parameters: Sequence[Any] | Mapping[str, Any] = (),
    ) -> list[dict[str, Any]]:
        """What a query finds; the deployer sees every row."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, parameters).fetchall()

    def on_hand(self, yacht_id: UUID) -> dict[UUID, int]:
        """What the ledger says of each stock of a yacht."""
        rows = self.rows(
            "SELECT v.stock_id, v.on_hand FROM public.v_stock_from_transactions AS v"
            " WHERE v.yacht_id = %s",
            [yacht_id],
        )
        return {row["stock_id"]: row["on_hand"] for row in rows}

    def faults(self, yacht_id: UUID) -> list[dict[str, Any]]:
        """Stocks and parts whose figures disagree.

        AssertionError if the yacht has no stock: then there was nothing to look at.
        """
        assert self.on_hand(yacht_id), "no stock to look at"
        yacht = {"yacht": yacht_id}
        return self.rows(FAULTS, yacht) + self.rows(PART_FAULTS, yacht)

    def movements(self, stock_id: UUID) -> list[dict[str, Any]]:
        """The movements of a stock by seq."""
        return self.rows(
            "SELECT t.* FROM public.pms_inventory_transactions AS t"
            " WHERE t.stock_id = %s ORDER BY t.seq",
            [stock_id],
        )

    def audit(self, yacht_id: UUID) -> list[dict[str, Any]]:
        """The audit rows of a yacht in the order in which they were written."""
        return self.rows(
            "SELECT a.* FROM public.pms_audit_log AS a"
            " WHERE a.yacht_id = %s ORDER BY a.created_at, a.audit_id",
            [yacht_id],
        )


@contextmanager
def manned(url: str) -> Iterator[Fleet]:
    """A fleet in the database at the deployer's `url`."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield Fleet(connection)


def new_key() -> str:
    """A fresh idempotency key."""
    return str(uuid4())


# Until the transaction ends.
ACT_AS = """
SELECT
    set_config(
        'request.jwt.claims',
        jsonb_strip_nulls(
            jsonb_build_object('sub', %(person)s::uuid, 'role', %(role)s::text)
        )::text,
        true
    ),
    set_config('response.status', '', true),
    set_config('role', %(role)s, true)
"""


@dataclass(frozen=True)
class Desk:
    """Calls RPCs on a connection of the authenticator, as PostgREST would.

    Errors of the database are raised as psycopg's. `role` is the token's.
    """

    connection: psycopg.Connection = field(repr=False)
    role: str = "authenticated"

    def __call__(
        self, person: UUID | None, function: str, /, **arguments: Any
    ) -> Answer:
        call = sql.SQL(
            "SELECT public.{}({}), current_setting('response.status', true)"
        ).format(
            sql.Identifier(function),
            sql.SQL(", ").join(
                sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name))
                for name in arguments
            ),
        )
        values = {
            name: Jsonb(value) if isinstance(value, dict | list) else value
            for name, value in arguments.items()
        }
        with self.connection.transaction():
            self.connection.execute(ACT_AS, {"person": person, "role": self.role})
            row = self.connection.execute(call, values).fetchone()
        assert row is not None
        return Answer(int(row[1] or 200), row[0])


@contextmanager
def desk(url: str) -> Iterator[Desk]:
    """A desk on a connection of its own, to the authenticator's `url`."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield Desk(connection)


def as_json(arguments: Any) -> str:
    """Arguments as a request's body."""
    return json.dumps(arguments, default=str)


@dataclass(frozen=True)
class Wire:
    """Calls RPCs over HTTP, with tokens signed by `secret`."""

    http: httpx.Client = field(repr=False)
    secret: str = field(repr=False)

    def __call__(self, person: UUID, function: str, /, **arguments: Any) -> Answer:
        response = self.http.post(
            f"/rpc/{function}",
            content=as_json(arguments),
            headers={
                "content-type": "application/json",
                "authorization": f"Bearer {mint(self.secret, user_id=person)}",
            },
        )
        return Answer(response.status_code, response.json())


@dataclass(frozen=True)
class Ship:
    """A yacht with two lockers, its crew, and a part in the first locker."""

    yacht_id: UUID
    people: Mapping[str, UUID]
    locker: UUID
    bin: UUID
    part: Part

    @property
    def captain(self) -> UUID:
        return self.people["captain"]

    @property
    def stock_id(self) -> UUID:
        return self.part.stocks[self.locker]

    def movement(self, quantity: int, **more: Any) -> dict[str, Any]:
        """Arguments of a new movement of the part."""
        return {
            "p_yacht_id": self.yacht_id,
            "p_part_id": self.part.part_id,
            "p_quantity": quantity,
            "p_idempotency_key": new_key(),
        } | more

    def transfer(self, quantity: int, **more: Any) -> dict[str, Any]:
        """Arguments of a new transfer from the first locker to the second."""
        route = {"p_from_location_id": self.locker, "p_to_location_id": self.bin}
        return self.movement(quantity, **(route | more))


def launch(
    fleet: Fleet, on_hand: int, *, roles: Sequence[str] = ROLES, **columns: Any
) -> Ship:
    """A new ship with so many units of its part."""
    yacht_id = fleet.yacht()
    locker = fleet.location(yacht_id, "Locker")
    return Ship(
        yacht_id=yacht_id,
        people=fleet.people(yacht_id, roles),
        locker=locker,
        bin=fleet.location(yacht_id, "Bin"),
        part=fleet.part(yacht_id, {locker: on_hand}, primary=locker, **columns),
    )
