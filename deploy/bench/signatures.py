"""Signatures that are refused: which half was wrong must not show in the time either.

A wrong PIN, a wrong code, a used one, and a person who never enrolled, in turns.
"""

from __future__ import annotations

import base64
import statistics
import time
import uuid
from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg.types.json import Jsonb

from deploy.bench.measurement import Measurement, Result, Step, Verdict
from deploy.cluster import DEPLOYER

if TYPE_CHECKING:
    from collections.abc import Iterator

# Calls of each kind: what the promise of 10 % is about.
CALLS = 200
SPREAD = 1.1
# The code of each refusal, by what is wrong.
KINDS = {
    "a wrong PIN": "invalid_signature",
    "a wrong code": "invalid_signature",
    "a used code": "invalid_signature",
    "not enrolled": "signature_not_enrolled",
}
PIN = "271828"
DATABASE = "bench_signatures"
CLAIMS = (
    "SELECT set_config('role', 'authenticated', true),"
    " set_config('request.jwt.claims', jsonb_build_object("
    " 'sub', %s::text, 'role', 'authenticated')::text, true)"
)


class UnexpectedAnswerError(Exception):
    """A call was not answered as it should be; the text has its code."""


class Attempts:
    """Refused signatures in a migrated database, timed one by one.

    Two people enrol through the API, so that bcrypt costs what it costs there: one
    whose codes are all unused, and one who has used up every code of the next hour.
    """

    def __init__(
        self, deployer: psycopg.Connection, authenticator: psycopg.Connection
    ) -> None:
        self._deployer = deployer
        self._authenticator = authenticator
        self._yacht = uuid.uuid4()
        self._fresh, self._spent, self._nobody = (uuid.uuid4() for _ in range(3))
        self._secrets: dict[uuid.UUID, bytes] = {}
        deployer.execute(
            "INSERT INTO public.yacht_registry (yacht_id, name) VALUES (%s, 'Signed')",
            [self._yacht],
        )
        for person in (self._fresh, self._spent, self._nobody):
            deployer.execute(
                "INSERT INTO public.auth_users_roles (user_id, yacht_id, role)"
                " VALUES (%s, %s, 'crew')",
                [person, self._yacht],
            )
        for person in (self._fresh, self._spent):
            self._enrol(person)
        deployer.execute("DELETE FROM private.signatures")
        deployer.execute(
            "INSERT INTO private.signatures (yacht_id, user_id, totp_step, action,"
            " payload_sha256, signed_at)"
            " SELECT %s, %s, floor(extract(epoch FROM now()) / 30) + n.step, 'bench',"
            " repeat('0a', 32), now() FROM generate_series(-2, 120) AS n (step)",
            [self._yacht, self._spent],
        )

    def _enrol(self, person: uuid.UUID) -> None:
        code = uuid.uuid4().hex.upper()
        self._deployer.execute(
            "INSERT INTO private.enrolment_codes"
            " (yacht_id, user_id, code_sha256, expires_at)"
            " VALUES (%s, %s, sha256(convert_to(%s, 'UTF8')), now() + '1 hour')",
            [self._yacht, person, code],
        )
        told = self._call(
            person,
            "SELECT public.enroll_signature(%s, p_pin => %s, p_code => %s)",
            [self._yacht, PIN, code],
        )
        [secret] = parse_qs(urlsplit(told["otpauth_uri"]).query)["secret"]
        self._secrets[person] = base64.b32decode(secret)
        self._call(
            person,
            "SELECT public.confirm_signature(%s, p_totp => %s)",
            [self._yacht, self._code(person)],
        )

    def _code(self, person: uuid.UUID) -> str:
        row = self._deployer.execute(
            "SELECT private.hotp("
            " %s, floor(extract(epoch FROM clock_timestamp()) / 30)::bigint)",
            [self._secrets[person]],
        ).fetchone()
        if row is None:
            raise UnexpectedAnswerError("no code")
        return str(row[0])

    def _call(
        self, person: uuid.UUID, statement: str, values: list[object]
    ) -> dict[str, Any]:
        with self._authenticator.transaction():
            self._authenticator.execute(CLAIMS, [str(person)])
            row = self._authenticator.execute(statement.encode(), values).fetchone()
        answer: dict[str, Any] = row[0] if row else {}
        if not answer.get("success"):
            raise UnexpectedAnswerError(str(answer.get("code")))
        return answer

    def refused(self, kind: str) -> float:
        """Make one call that is wrong in this way (see `KINDS`); its time in ms.

        From BEGIN to COMMIT. UnexpectedAnswerError if it is refused otherwise.
        """
        person, signature = {
            "a wrong PIN": (self._fresh, {"pin": "314159"}),
            "a wrong code": (self._fresh, {"totp": "99999"}),
            "a used code": (self._spent, {}),
            "not enrolled": (self._nobody, {}),
        }[kind]
        code = self._code(person) if person in self._secrets else "123456"
        signature = {"pin": PIN, "totp": code} | signature
        # A person has five in 15 minutes.
        self._deployer.execute("DELETE FROM private.signing_failures")
        began = time.perf_counter()
        try:
            self._call(
                person,
                "SELECT public.write_off_part(%s, %s, 1, 'Wet', %s, %s)",
                [self._yacht, uuid.uuid4(), uuid.uuid4().hex, Jsonb(signature)],
            )
        except UnexpectedAnswerError as error:
            if str(error) != KINDS[kind]:
                raise
        return (time.perf_counter() - began) * 1000

    def round(self, number: int) -> dict[str, float]:
        """One call of each kind, in another order each time; ms by kind."""
        kinds = list(KINDS)
        first = number % len(kinds)
        return {kind: self.refused(kind) for kind in kinds[first:] + kinds[:first]}


def spread(medians: dict[str, float]) -> float:
    """The slowest over the quickest."""
    return max(medians.values()) / min(medians.values())


def medians_of(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The median of each kind over the rounds."""
    return {kind: statistics.median(found[kind] for found in rounds) for kind in KINDS}


class Signatures(Measurement):
    """What a refused signature costs must say nothing of what was wrong."""

    name = "signatures"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._rounds: list[list[dict[str, float]]] = []
        self._attempts: Attempts | None = None
        self._faults: defaultdict[str, int] = defaultdict(int)

    @property
    def title(self) -> str:
        return f"Signatures that are refused, {len(self._all)} calls of each"

    @property
    def _all(self) -> list[dict[str, float]]:
        return list(chain.from_iterable(self._rounds))

    def steps(self) -> Iterator[Step]:
        yield Step(f"{self.name}: let people enrol", 2, self._prepare)
        rounds = self.bench.rounds
        calls = -(-CALLS * self.bench.scale.calls // 100 // rounds)
        for number in range(1, rounds + 1):
            yield Step(
                f"{self.name}: {calls} calls of each, round {number} of {rounds}",
                calls * 0.3,
                lambda: self._turn(calls),
            )

    def _prepare(self) -> None:
        cluster, stack = self.bench.cluster, self.bench.stack
        cluster.create_database(DATABASE, template=self.bench.template)
        deployer, authenticator = (
            stack.enter_context(
                psycopg.connect(cluster.url(user, DATABASE), autocommit=True)
            )
            for user in (DEPLOYER, "authenticator")
        )
        self._attempts = Attempts(deployer, authenticator)
        for number in range(4):
            self._attempts.round(number)

    def _turn(self, calls: int) -> None:
        if self._attempts is None:
            raise RuntimeError("people enrol in the first step")
        found: list[dict[str, float]] = []
        self._rounds.append(found)
        for number in range(calls):
            try:
                found.append(self._attempts.round(number))
            except UnexpectedAnswerError as error:
                self._faults[str(error)] += 1

    def result(self) -> Result:
        medians = medians_of(self._all)
        return Result(
            header=("", "median ms"),
            rows=[(kind, f"{ms:.2f}") for kind, ms in medians.items()],
            figures={
                kind: {
                    "median_ms": round(ms, 3),
                    "calls": len(self._all),
                    "rounds_ms": [
                        round(medians_of(found)[kind], 3) for found in self._rounds
                    ],
                }
                for kind, ms in medians.items()
            },
            verdicts=[
                Verdict("slowest / quickest", spread(medians), "<=", SPREAD),
            ],
            faults=[f"{count} times {code}" for code, count in self._faults.items()],
        )
