"""Print what a client of the running installation needs, as shell assignments."""

from __future__ import annotations

import shlex

import click
import psycopg

from deploy.background import running
from deploy.cluster import DEPLOYER, Cluster, embedded
from deploy.personas import (
    CAPTAIN,
    CREW,
    HOD,
    MANAGER,
    OTHER_YACHT_ID,
    PURSER,
    SERVICE,
    STRANGER,
    YACHT_ID,
)
from deploy.server import ServerError
from deploy.signers import Signers
from deploy.state import State, StateError
from deploy.tokens import token_for

SHOWN = (CREW, HOD, PURSER, CAPTAIN, MANAGER, STRANGER, SERVICE)


class NothingRunsError(Exception):
    """There is nothing to connect to."""


def assignments(state: State) -> dict[str, str]:
    """The variables by name; NothingRunsError if nothing runs or nothing is in it."""
    known = running("gateway", state)
    cluster = embedded(state)
    if known is None or not cluster.is_running():
        raise NothingRunsError("Part Lens is not running: start it with `make demo`")
    secret = state.secrets().jwt_secret
    return {
        "PART_LENS_URL": known.url,
        "DATABASE_URL": cluster.url(DEPLOYER, tcp=True),
        "AUTHENTICATOR_URL": cluster.url("authenticator", tcp=True),
        "JWT_SECRET": secret,
        "YACHT_ID": str(YACHT_ID),
        "OTHER_YACHT_ID": str(OTHER_YACHT_ID),
        "PART_ID": _part_with_stock(cluster),
        **{f"JWT_{persona.key}": token_for(persona, secret) for persona in SHOWN},
        **signing(state),
    }


def signing(state: State) -> dict[str, str]:
    """What the sample people sign with, once the demo has let them enrol."""
    signers = Signers.of(state).known()
    return {f"PIN_{key}": signer.pin for key, signer in signers.items()} | {
        f"TOTP_SECRET_{key}": signer.secret for key, signer in signers.items()
    }


def _part_with_stock(cluster: Cluster) -> str:
    try:
        with psycopg.connect(cluster.url(DEPLOYER)) as connection:
            row = connection.execute(
                """
                SELECT s.part_id
                  FROM public.pms_part_stock AS s
                  JOIN public.pms_parts AS p
                    ON p.yacht_id = s.yacht_id
                   AND p.part_id = s.part_id
                 WHERE s.yacht_id = %s
                   AND p.deleted_at IS NULL
                   AND s.on_hand > 0
                 ORDER BY s.on_hand DESC, p.part_number
                 LIMIT 1
                """,
                [YACHT_ID],
            ).fetchone()
    except psycopg.Error as error:
        raise NothingRunsError(
            "the database has no schema of Part Lens yet: `make demo` brings it up"
        ) from error
    if row is None:
        raise NothingRunsError(
            "no part of the sample fleet has stock: `make demo` loads the fleet"
        )
    return str(row[0])


@click.command()
def main() -> None:
    """Print assignments for `eval "$(make -s env)"`."""
    try:
        found = assignments(State.current())
    except (NothingRunsError, ServerError, StateError) as error:
        raise click.ClickException(str(error)) from error
    for name, value in found.items():
        click.echo(f"{name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()
