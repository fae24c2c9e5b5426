"""Writes a plan into the new database, through the functions that its RPCs use.

They are called with the deployer's rights, for no person: what a part, a place or a
movement may be, they and the tables' constraints say. All is one transaction.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.types.json import Jsonb

from deploy.adopt.plan import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from deploy.adopt.legacy import Row
    from deploy.adopt.plan import Claim, Plan

BATCH_ROWS = 200
ACTION = "adopt"


class AdoptError(Exception):
    """Nothing was written; the text is one line."""


@dataclass
class Outcome:
    """What became of a plan: counts by kind, and units by what became of them.

    `stocks` are those that hold what was taken over, now or by an earlier run.
    """

    new: Counter[str] = field(default_factory=Counter)
    present: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)
    stocks: list[UUID] = field(default_factory=list)
    opened: int = 0
    opened_before: int = 0
    in_ledger: int = 0
    checked: int = 0

    def refused_units(self) -> Decimal:
        return sum((refused.quantity for refused in self.refused), Decimal(0))


def adopt(
    url: str,
    yacht_id: UUID,
    plan: Plan,
    *,
    name: str | None,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Write `plan` for a yacht, which is added as `name` where it is not known yet.

    `dry_run` does it all and undoes it. `progress` is told the number of places,
    parts, piles and people done since it was last called. AdoptError, with nothing
    written, where the sums do not agree afterwards or the database does not let us.
    """
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            writer = _Writer(connection, yacht_id, progress)
            outcome = writer.write(plan, name)
            if dry_run:
                connection.rollback()
            return outcome
    except psycopg.Error as error:
        line = str(error).strip().partition("\n")[0]
        raise AdoptError(f"the new database: {line}") from error


@dataclass
class _Writer:
    connection: psycopg.Connection
    yacht_id: UUID
    progress: Callable[[int], None]
    made: Outcome = field(default_factory=Outcome)

    def write(self, plan: Plan, name: str | None) -> Outcome:
        self.made.refused += plan.refused
        self._open_yacht()
        self._yacht(name)
        # One adoption of a yacht at a time, and none beside an import.
        self._value("SELECT private.lock_location_tree(%s)::text", [self.yacht_id])
        refused = {path.lower() for path in plan.locations if not self._location(path)}
        ids = self._parts(plan)
        for claim in plan.claims:
            self._open(claim, ids, refused)
            self.progress(1)
        for person in plan.people:
            self._person(person)
            self.progress(1)
        self._check(plan)
        self._record(plan)
        return self.made

    def _value(self, query: str, values: Any) -> Any:
        row = self.connection.execute(query.encode(), values).fetchone()
        return row[0] if row else None

    def _open_yacht(self) -> None:
        """See all of it, and let definers of pms_rpc see it, as their gate does."""
        if not self._value(
            "SELECT r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles AS r"
            " WHERE r.rolname = current_user",
            [],
        ):
            raise AdoptError("DATABASE_URL must be the deployer's, who has BYPASSRLS")
        self._value(
            "SELECT pg_catalog.set_config('part_lens.yacht_id', %s, true)",
            [str(self.yacht_id)],
        )

    def _yacht(self, name: str | None) -> None:
        if self._value(
            "SELECT true FROM public.yacht_registry AS y WHERE y.yacht_id = %s",
            [self.yacht_id],
        ):
            return
        if not name:
            raise AdoptError(
                f"no yacht {self.yacht_id} in yacht_registry: NAME= adds it"
            )
        self.connection.execute(
            "INSERT INTO public.yacht_registry (yacht_id, name) VALUES (%s, %s)",
            [self.yacht_id, name],
        )

    def _location(self, path: str) -> bool:
        """Have a location at a path; False if that is refused."""
        self.progress(1)
        row = self.connection.execute(
            "SELECT l.created, l.error_code FROM private.location_at_path(%s, %s) AS l",
            [self.yacht_id, path],
        ).fetchone()
        created, code = row or (0, None)
        if code:
            reason = "is deactivated" if "deact" in code else "is no path of names"
            self.made.refused.append(Refused("locations", path, code, reason))
            return False
        (self.made.new if created else self.made.present)["locations"] += 1
        self.made.new["parents"] += max(created - 1, 0)
        return True

    def _parts(self, plan: Plan) -> dict[int, UUID]:
        """Add the parts that are not there yet; the id of each that is there now."""
        before = self._numbers()
        there = {
            index
            for index, part in enumerate(plan.parts)
            if part["part_number"].lower() in before
        }
        self.made.present["parts"] += len(there)
        new = [
            {**part, "line": index}
            for index, part in enumerate(plan.parts)
            if index not in there
        ]
        self.progress(len(there))
        for start in range(0, len(new), BATCH_ROWS):
            batch = new[start : start + BATCH_ROWS]
            answer = self._value(
                "SELECT private.import_part_rows("
                " jsonb_populate_record(NULL::private.rpc_call, %s), %s)",
                [self._call(), Jsonb(batch)],
            )
            self.made.new["parts"] += len(answer["created"])
            for refusal in answer["refused"]:
                reason = f"{refusal['field'] or ''} {refusal['reason']}".strip()
                row = plan.part_rows[refusal["line"]]
                self.made.refused.append(Refused("parts", row, refusal["code"], reason))
            self.progress(len(batch))
        now = self._numbers()
        numbered = (
            (index, part["part_number"]) for index, part in enumerate(plan.parts)
        )
        return {
            index: now[number.lower()]
            for index, number in numbered
            if number.lower() in now
        }

    def _numbers(self) -> dict[str, UUID]:
        return dict(
            self.connection.execute(
                "SELECT lower(p.part_number), p.part_id FROM public.pms_parts AS p"
                " WHERE p.yacht_id = %s",
                [self.yacht_id],
            ).fetchall()
        )

    def _open(self, claim: Claim, ids: dict[int, UUID], refused: set[str]) -> None:
        part_id = ids.get(claim.part)
        if part_id is None:
            self._refuse(claim, "part_refused", "its part was refused")
            return
        if claim.location.lower() in refused:
            self._refuse(claim, "location_refused", "its location was refused")
            return
        row = self.connection.execute(
            """
            SELECT s.stock_id, s.error_code
            FROM private.location_at_path(%s, %s) AS l
            CROSS JOIN LATERAL private.open_stock(%s, %s, l.location_id) AS s
            """,
            [self.yacht_id, claim.location, self.yacht_id, part_id],
        ).fetchone()
        stock_id, code = row or (None, "stock_not_found")
        if code:
            self._refuse(claim, code, "has no stock to open")
            return
        first, others = self._movements(part_id, stock_id)
        if first == ("opening", claim.quantity):
            self.made.present["piles"] += 1
            self.made.opened_before += claim.quantity
            self.made.stocks.append(stock_id)
        elif first is not None or others:
            self._refuse(
                claim, "moved_since", "the part has movements of its own by now"
            )
        else:
            self._append(claim, stock_id)

    def _movements(
        self, part_id: UUID, stock_id: UUID
    ) -> tuple[tuple[str, int] | None, bool]:
        """The first movement of a stock, and whether its part has any but openings."""
        rows = self.connection.execute(
            """
            SELECT t.stock_id, t.seq, t.transaction_type, t.quantity_change
            FROM public.pms_inventory_transactions AS t
            JOIN public.pms_inventory_stock AS s USING (yacht_id, stock_id)
            WHERE s.yacht_id = %s
              AND s.part_id = %s
            """,
            [self.yacht_id, part_id],
        ).fetchall()
        first = [row[2:] for row in rows if row[:2] == (stock_id, 1)]
        others = any(row[2] != "opening" for row in rows)
        return (first[0] if first else None), others

    def _append(self, claim: Claim, stock_id: UUID) -> None:
        row = self.connection.execute(
            """
            SELECT m.success, m.error_code
            FROM private.add_stock_inventory(
                %s, %s, %s, 'opening', jsonb_populate_record(NULL::private.rpc_call, %s)
            ) AS m
            """,
            [
                stock_id,
                claim.quantity,
                self.yacht_id,
                self._call(rows=claim.rows),
            ],
        ).fetchone()
        success, code = row or (False, "stock_not_found")
        if not success:
            self._refuse(claim, code, f"{claim.quantity} cannot be opened with")
            return
        self.made.new["piles"] += 1
        self.made.opened += claim.quantity
        self.made.stocks.append(stock_id)

    def _refuse(self, claim: Claim, code: str, reason: str) -> None:
        self.made.refused.append(
            Refused(
                "quantities",
                ", ".join(claim.rows),
                code,
                reason,
                Decimal(claim.quantity),
            )
        )

    def _person(self, person: Row) -> None:
        row = f"{person['user_id']} {person['role']}"
        try:
            with self.connection.transaction():
                done = self.connection.execute(
                    """
                    INSERT INTO public.auth_users_roles
                        (user_id, yacht_id, role, is_active, valid_from, valid_until)
                    VALUES (%s, %s, %s, coalesce(%s, true),
                            coalesce(%s::timestamptz, now()), %s::timestamptz)
                    ON CONFLICT (user_id, yacht_id, role) DO NOTHING
                    """,
                    [
                        person["user_id"],
                        self.yacht_id,
                        person["role"],
                        person["is_active"],
                        person["valid_from"],
                        person["valid_until"],
                    ],
                )
        except psycopg.errors.CheckViolation as error:
            rule = error.diag.constraint_name or ""
            code, why = (
                ("unknown_role", "no role of Part Lens")
                if rule == "role_is_known"
                else ("invalid_dates", "it does not end after it begins")
            )
            self.made.refused.append(Refused("people", row, code, why))
            return
        (self.made.new if done.rowcount else self.made.present)["people"] += 1

    def _check(self, plan: Plan) -> None:
        """AdoptError unless the sums agree, and the ledger with itself."""
        self.made.in_ledger = int(
            self._value(
                """
                SELECT coalesce(sum(t.quantity_change), 0)
                FROM public.pms_inventory_transactions AS t
                WHERE t.yacht_id = %s
                  AND t.stock_id = ANY (%s)
                  AND t.transaction_type = 'opening'
                """,
                [self.yacht_id, self.made.stocks],
            )
        )
        taken = self.made.opened + self.made.opened_before
        if taken + self.made.refused_units() != plan.units:
            raise AdoptError(
                f"the sums differ: {plan.units} in the old database,"
                f" {taken} taken and {self.made.refused_units()} refused"
            )
        if self.made.in_ledger != taken:
            raise AdoptError(
                f"the sums differ: {taken} taken, {self.made.in_ledger} in the ledger"
            )
        drifted = self._value(
            "SELECT count(*) FROM private.check_inventory_drift(%s)", [self.yacht_id]
        )
        if drifted:
            raise AdoptError(f"check_inventory_drift() names {drifted} stocks")
        self.made.checked = self._value(
            "SELECT count(*) FROM public.pms_inventory_stock AS s"
            " WHERE s.yacht_id = %s",
            [self.yacht_id],
        )

    def _record(self, plan: Plan) -> None:
        summary = {
            "rows": plan.rows,
            "new": dict(self.made.new),
            "present": dict(self.made.present),
            "refused": len(self.made.refused),
            "units_opened": self.made.opened,
        }
        self.connection.execute(
            """
            SELECT private.answer(
                jsonb_populate_record(NULL::private.rpc_call, %s),
                NULL, 'import', NULL, %s)
            """,
            [self._call(), Jsonb(summary)],
        )

    def _call(self, **metadata: Any) -> Jsonb:
        """A call of no person: fields of private.rpc_call."""
        return Jsonb(
            {
                "call_id": str(self._value("SELECT private.uuid_v7()", [])),
                "action": ACTION,
                "lens": "part",
                "yacht_id": str(self.yacht_id),
                "http_status": 200,
                "metadata": {"source": ACTION, **metadata},
            }
        )
