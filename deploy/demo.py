"""Walk through the ledger by real HTTP calls, on the sample fleet, and check each.

Cluster, migrations and gateway must be up. Everything is left running; the walk gives
back what it takes, so it can be repeated for ever.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click
import httpx
import psycopg

from deploy.background import running
from deploy.catalogue import CatalogueError, read_catalogue
from deploy.cluster import DEPLOYER, embedded, first_line
from deploy.demo_storage import walk_through_storage
from deploy.importer import (
    DEFAULT_URL,
    Importer,
    ImportFailedError,
    Summary,
    progress_bar,
)
from deploy.personas import CREW, HOD, STRANGER, YACHT_ID, Persona
from deploy.sample import YACHTS, load_people
from deploy.server import ServerError
from deploy.services import ROUTES
from deploy.signers import Signers
from deploy.signing_tour import SigningTour
from deploy.state import State, StateError
from deploy.tokens import token_for

if TYPE_CHECKING:
    from collections.abc import Callable

WANTED = "impeller"
TAKEN = 2
# Which arguments a call is printed with, and as what; ids would fill the line.
SHOWN = {"p_query": "query", "p_quantity": "quantity", "p_idempotency_key": "key"}
# Summed here and not by the view, so that the view is checked too.
PARITY = """
    WITH ledger AS (
        SELECT t.yacht_id,
               t.stock_id,
               count(*) AS movements,
               sum(t.quantity_change) AS balance,
               (array_agg(t.on_hand_after ORDER BY t.seq DESC))[1] AS newest
          FROM public.pms_inventory_transactions AS t
         GROUP BY t.yacht_id, t.stock_id
    )
    SELECT count(*),
           coalesce(sum(l.movements), 0)::bigint,
           count(*) FILTER (
               WHERE coalesce(l.balance, 0) IS DISTINCT FROM v.on_hand
                  OR coalesce(l.newest, 0) IS DISTINCT FROM v.on_hand
                  OR s.quantity IS DISTINCT FROM v.on_hand
           )
      FROM public.pms_inventory_stock AS s
      LEFT JOIN ledger AS l
             ON l.yacht_id = s.yacht_id AND l.stock_id = s.stock_id
      LEFT JOIN public.v_stock_from_transactions AS v
             ON v.yacht_id = s.yacht_id AND v.stock_id = s.stock_id
"""


class DemoError(Exception):
    """The demo cannot go on; the message is for the person who started it."""


@dataclass
class Walk:
    """The calls of the demo: each is made, printed and checked.

    `differences` counts the answers that were not what they should have been.
    """

    client: httpx.Client
    secret: str = field(repr=False)
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    steps: int = 0
    differences: int = 0

    def key(self, name: str) -> str:
        """An idempotency key of this walk."""
        return f"{name}-{self.run}"

    def title(self, text: str) -> None:
        self.steps += 1
        click.echo()
        click.secho(f"{self.steps:>2}  {text}", bold=True)

    def call(
        self,
        who: Persona,
        function: str,
        *,
        expect: int | str,
        says: Callable[[Any], str],
        holds: Callable[[Any], bool] = lambda _: True,
        hush: bool = False,
        **arguments: object,
    ) -> Any:
        """Call `function` as `who`; return the body of the answer.

        `expect` is the status, with the code of a refusal behind it. `holds` must be
        true of the body; `says` puts it in plain words. With `hush` a body that
        differs is not printed: it may hold a secret. DemoError if nobody answers.
        """
        self._announce(who, function, arguments)
        response = self.send(
            "POST",
            f"/rpc/{function}",
            json={"p_yacht_id": str(YACHT_ID), **arguments},
            headers={"Authorization": f"Bearer {token_for(who, self.secret)}"},
        )
        try:
            body = response.json()
            refused = f" {body['code']}" if response.is_error else ""
            got = f"{response.status_code}{refused}"
            told = says(body) if got == str(expect) and holds(body) else ""
        except (KeyError, TypeError, ValueError, IndexError):
            body, got, told = None, str(response.status_code), ""
        text = "" if hush and response.is_success else response.text[:300]
        self.verdict(got, told or f"expected {expect}: {text}", right=bool(told))
        return body

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request; DemoError if nobody answers."""
        try:
            return self.client.request(method, path, **more)
        except httpx.TransportError as error:
            raise DemoError(
                f"{self.client.base_url} does not answer: {error}"
            ) from error

    def say(self, text: str) -> None:
        """Print what is being done."""
        click.echo(f"    {text}".rstrip())

    def verdict(self, got: str, told: str, *, right: bool) -> None:
        """Print what came and what it means; count it if it is not right."""
        if not right:
            self.differences += 1
            told = f"DIFFERS  {told}"
        colour = "green" if right else "red"
        click.echo(f"    {click.style(got, fg=colour, bold=True)}  {told}")

    def _announce(
        self, who: Persona, function: str, arguments: dict[str, object]
    ) -> None:
        told = [f"{SHOWN[k]} {v}" for k, v in arguments.items() if k in SHOWN]
        role = f"{who.yacht_role or who.token_role}".replace("_", " ")
        self.say(f"POST /rpc/{function}  as {role}  {', '.join(told)}")


def demand_everybody_in(connection: psycopg.Connection) -> None:
    """DemoError if the canary keeps yachts out: whatever they call is refused."""
    row = connection.execute(
        "SELECT f.enabled AND f.canary_percentage = 100 FROM public.feature_flags AS f"
        " WHERE f.flag_name = 'part_lens_v2'"
    ).fetchone()
    if row != (True,):
        raise DemoError(
            "the canary keeps yachts out: let everybody in with `make canary-set"
            " PERCENT=100 REASON=demo ARGS=--no-watch`"
        )


def load_fleet(url: str, secret: str, connection: psycopg.Connection) -> None:
    """Have the sample people and both catalogues in the database.

    Raises DemoError if a row of ours is refused.
    """
    click.secho("The sample fleet", bold=True)
    load_people(connection)
    for yacht in YACHTS:
        catalogue = read_catalogue(yacht.catalogue)
        importer = Importer(url, token_for(yacht.importer, secret))
        with progress_bar(f"    {yacht.name}", len(catalogue.rows)) as progress:
            summary = importer.run(catalogue, yacht.yacht_id, progress=progress)
        click.echo(f"    {yacht.name:<20} {_loaded(summary)}")
        if summary.refused:
            raise DemoError(f"{yacht.catalogue.name}: {summary.refused[0]}")


def _loaded(summary: Summary) -> str:
    if summary.earlier:
        return f"{summary.rows} parts, imported before"
    return (
        f"{summary.created} parts created in {summary.locations_created} locations"
        f" ({summary.updated} updated, {summary.unchanged} unchanged)"
    )


@dataclass
class Tour:
    """The walk itself: what the people of the first yacht do with one part.

    `stock_id` is the stock that they use, `in_stock` what it must hold by now, and
    `on_hand` the same over all stocks of the part.
    """

    walk: Walk
    part_id: str = ""
    stock_id: str | None = None
    in_stock: int = 0
    on_hand: int = 0

    def find(self) -> None:
        self.walk.title(f"A crew member looks for an {WANTED}")
        rows = self.walk.call(
            CREW,
            "search_parts",
            expect=200,
            p_query=WANTED,
            says=lambda rows: f"{len(rows)} parts, among them {_named(_best(rows))}",
        )
        if self.walk.differences:
            raise DemoError("there is no part to go on with")
        self.part_id = _best(rows)["part_id"]
        self.on_hand = _best(rows)["on_hand"]
        self.choose_stock("Looks at it")
        if self.in_stock < TAKEN:
            self.walk.title("There is not enough of it: the chief engineer receives it")
            self.receive(key="stock-up")
            self.choose_stock("Looks again")

    def choose_stock(self, title: str) -> None:
        stocks = self.look(title)["stocks"]
        if stocks:
            self.stock_id = _best(stocks)["stock_id"]
            self.in_stock = _best(stocks)["on_hand"]

    def look(self, title: str) -> dict[str, Any]:
        self.walk.title(title)
        answer: dict[str, Any] = self.walk.call(
            CREW,
            "view_part_details",
            expect=200,
            p_part_id=self.part_id,
            says=lambda body: (
                f"{body['on_hand']} {body['unit']} on hand, {_where(body)}"
            ),
            holds=lambda body: body["on_hand"] == self.on_hand,
        )
        if answer is None or "stocks" not in answer:
            raise DemoError("there is no part to go on with")
        return answer

    def consume(self) -> None:
        self.walk.title(f"Takes {TAKEN} of them: the stock goes down")
        self.walk.call(
            CREW,
            "consume_part",
            expect=200,
            p_part_id=self.part_id,
            p_quantity=TAKEN,
            p_stock_id=self.stock_id,
            p_idempotency_key=self.walk.key("consume"),
            says=self.before_and_after,
            holds=self.moved(-TAKEN),
        )

    def consume_too_much(self) -> None:
        self.walk.title("Wants more than there is: refused, nothing is written")
        self.walk.call(
            CREW,
            "consume_part",
            expect="409 insufficient_stock",
            p_part_id=self.part_id,
            p_quantity=self.in_stock + 1,
            p_stock_id=self.stock_id,
            p_idempotency_key=self.walk.key("too-much"),
            says=_refusal,
        )

    def receive(self, *, key: str = "receive") -> dict[str, Any]:
        answer: dict[str, Any] = self.walk.call(
            HOD,
            "receive_part",
            expect=201,
            p_part_id=self.part_id,
            p_quantity=TAKEN,
            p_stock_id=self.stock_id,
            p_idempotency_key=self.walk.key(key),
            says=self.before_and_after,
            holds=self.moved(TAKEN),
        )
        return answer

    def receive_twice(self) -> None:
        self.walk.title("The chief engineer receives what the crew member took")
        first = self.receive()
        self.walk.title("Clicks once more, with the same key: not received twice")
        self.walk.call(
            HOD,
            "receive_part",
            expect="409 duplicate_idempotency_key",
            p_part_id=self.part_id,
            p_quantity=TAKEN,
            p_stock_id=self.stock_id,
            p_idempotency_key=self.walk.key("receive"),
            says=_refusal,
            holds=lambda body: json.loads(body["details"]) == first,
        )

    def be_refused(self) -> None:
        self.walk.title("A crew member may not receive")
        self.walk.call(
            CREW,
            "receive_part",
            expect="403 role_not_allowed",
            p_part_id=self.part_id,
            p_quantity=TAKEN,
            p_stock_id=self.stock_id,
            p_idempotency_key=self.walk.key("crew"),
            says=_refusal,
        )
        self.walk.title("The captain of the other yacht sees nothing of this one")
        self.walk.call(
            STRANGER,
            "view_part_details",
            expect="403 not_on_yacht",
            p_part_id=self.part_id,
            says=_refusal,
        )

    @staticmethod
    def before_and_after(body: dict[str, Any]) -> str:
        return f"{body['quantity_before']} before, {body['quantity_after']} after"

    def moved(self, change: int) -> Callable[[Any], bool]:
        """Count a movement of the stock; whether an answer agrees."""
        before = self.in_stock
        self.in_stock += change
        self.on_hand += change
        return lambda body: (
            body["quantity_before"] == before
            and body["quantity_after"] == before + change
            and body["on_hand"] == self.on_hand
        )


def _best(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return max(rows, key=lambda row: int(row["on_hand"]))


def _named(row: dict[str, Any]) -> str:
    return f"{row['part_number']}, {row['name']}"


def _where(body: dict[str, Any]) -> str:
    places = [str(stock["location"]) for stock in body["stocks"]]
    return f"in {' and '.join(places)}" if places else "with no place yet"


def _refusal(body: dict[str, Any]) -> str:
    return str(body["message"])


def check_parity(walk: Walk, connection: psycopg.Connection) -> None:
    """Compare, for every stock of every yacht, what must be the same number."""
    walk.title("For every stock: SUM of its movements = on_hand = cache")
    click.echo("    SQL as the deployer, who sees every row of both yachts")
    row = connection.execute(PARITY).fetchone()
    if row is None:
        raise DemoError("the parity query answered nothing")
    stocks, movements, different = row
    walk.verdict(
        "equal" if not different else "unequal",
        f"{stocks} stocks, {movements} movements, {different} differences",
        right=stocks > 0 and different == 0,
    )


def closing_lines(url: str, part_id: str) -> str:
    """What a newcomer may copy next."""
    return f"""\
Everything is left running. To call it yourself:

  TOKEN=$(make -s token ROLE=crew)
  curl -s {url}/rpc/view_part_details \\
    -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
    -d '{{"p_yacht_id": "{YACHT_ID}",
         "p_part_id": "{part_id}"}}'

  eval "$(make -s env)"   the URL, ids and a token for each role as shell variables
  make stop               stops the gateway and the database; the data stays"""


EXPECTED = (CatalogueError, DemoError, ImportFailedError, ServerError, StateError)


def demonstrate(url: str, state: State) -> int:
    """Load the fleet and make the walk; the number of differences found.

    Raises DemoError, and what its parts raise, if it cannot go on.
    """
    secret = state.secrets().jwt_secret
    with (
        psycopg.connect(embedded(state).url(DEPLOYER), autocommit=True) as connection,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        demand_everybody_in(connection)
        load_fleet(url, secret, connection)
        walk = Walk(client, secret)
        tour = Tour(walk)
        tour.find()
        tour.consume()
        tour.look("Looks again: view and ledger agree")
        tour.consume_too_much()
        tour.receive_twice()
        tour.be_refused()
        signing = SigningTour(walk, Signers.of(state), connection)
        signing.enrol()
        signing.count(tour)
        signing.write_off(tour)
        signing.reverse(tour)
        walk_through_storage(walk, tour.part_id)
        check_parity(walk, connection)
    click.echo()
    if walk.differences:
        click.secho(f"{walk.differences} of {walk.steps} steps differ.", fg="red")
    else:
        click.secho(f"All {walk.steps} steps went as they should.", fg="green")
        click.echo()
        click.echo(closing_lines(url, tour.part_id))
    return walk.differences


@click.command()
@click.option("--route", type=click.Choice(ROUTES), default="direct")
def main(route: str) -> None:
    """Load the sample fleet and walk through the ledger, checking each answer.

    ROUTE is the way that the gateway was started with. PART_LENS_URL counts only where
    no gateway of this installation runs.
    """
    state = State.current()
    gateway = running("gateway", state)
    url = gateway.url if gateway else os.environ.get("PART_LENS_URL") or DEFAULT_URL
    behind = "PostgreSQL" if route == "direct" else "PostgREST, PostgreSQL"
    click.echo(f"Part Lens on {url} (gateway, {behind})\n")
    try:
        differences = demonstrate(url.rstrip("/"), state)
    except EXPECTED as error:
        raise click.ClickException(str(error)) from error
    except psycopg.Error as error:
        raise click.ClickException(first_line(error)) from error
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
