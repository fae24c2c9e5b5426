"""The RPCs that are measured, as a statement for pgbench and as a request for wrk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType

from deploy.bench.fleet import CREW_ID, PART, YACHT_ID

# pgbench fills in :n, wrk {part} and {key}: another part with each call.
_PART_OF_PGBENCH = f"('{PART}' || lpad(:n::text, 12, '0'))::uuid"
_YACHT_OF_PGBENCH = f"'{YACHT_ID}'::uuid"


@dataclass(frozen=True, kw_only=True)
class Rpc:
    """A call, in SQL and over HTTP.

    `body` is None for GET. `moves` says whether each call adds a movement.
    """

    name: str
    call: str
    method: str
    path: str
    body: str | None
    moves: bool

    @property
    def script(self) -> str:
        """The call as a script of pgbench."""
        return in_transaction(self.call)


def in_transaction(call: str) -> str:
    """A script of pgbench that makes the call as a crew member, in a transaction.

    One part in each connection's own range.
    """
    return f"""\
\\set n random(1, :range) + :client_id * :range
BEGIN;
SELECT set_config('role', 'authenticated', true),
       set_config('request.jwt.claims',
                  '{{"sub": "{CREW_ID}", "role": "authenticated"}}', true);
SELECT {call};
COMMIT;
"""


CONSUME = Rpc(
    name="consume_part",
    call=f"public.consume_part({_YACHT_OF_PGBENCH}, {_PART_OF_PGBENCH}, 1,"
    " gen_random_uuid()::text)",
    method="POST",
    path="/rpc/consume_part",
    body=json.dumps(
        {
            "p_yacht_id": str(YACHT_ID),
            "p_part_id": "{part}",
            "p_quantity": 1,
            "p_idempotency_key": "{key}",
        }
    ),
    moves=True,
)
VIEW = Rpc(
    name="view_part_details",
    call=f"public.view_part_details({_YACHT_OF_PGBENCH}, {_PART_OF_PGBENCH})",
    method="POST",
    path="/rpc/view_part_details",
    body=json.dumps({"p_yacht_id": str(YACHT_ID), "p_part_id": "{part}"}),
    moves=False,
)
LOW = Rpc(
    name="low_stock_parts",
    call=f"public.low_stock_parts({_YACHT_OF_PGBENCH})",
    method="GET",
    path=f"/rpc/low_stock_parts?p_yacht_id={YACHT_ID}",
    body=None,
    moves=False,
)
RPCS = MappingProxyType({rpc.name: rpc for rpc in (VIEW, CONSUME, LOW)})
