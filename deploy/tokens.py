"""Sign the tokens that the sample people call the API with."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
import jwt

from deploy.personas import Persona, find
from deploy.state import State, StateError

if TYPE_CHECKING:
    from uuid import UUID

LIFETIME = timedelta(hours=12)


def mint(
    secret: str,
    *,
    user_id: UUID | None,
    role: str = "authenticated",
    audience: str = "authenticated",
    lifetime: timedelta = LIFETIME,
    tenant: str | None = None,
) -> str:
    """Sign a token (HS256) for `user_id`; None makes one without `sub`, for a service.

    `role` is the database role, not the role on a yacht. A negative `lifetime` makes
    an expired token. `tenant` is the alias that a service's token names, where there
    are several.
    """
    now = int(time.time())
    claims: dict[str, Any] = {
        "role": role,
        "aud": audience,
        "iat": now,
        "exp": now + int(lifetime.total_seconds()),
    }
    if user_id is not None:
        claims["sub"] = str(user_id)
    if tenant is not None:
        claims["tenant_key_alias"] = tenant
    return jwt.encode(claims, secret, algorithm="HS256")


def token_for(persona: Persona, secret: str, *, lifetime: timedelta = LIFETIME) -> str:
    """Sign the token of one of the sample people."""
    return mint(
        secret, user_id=persona.user_id, role=persona.token_role, lifetime=lifetime
    )


@click.command()
@click.argument("role")
def main(role: str) -> None:
    """Print one token for ROLE: crew, hod, purser, captain, manager, stranger, …"""
    try:
        click.echo(token_for(find(role), State.current().secrets().jwt_secret))
    except KeyError as error:
        raise click.ClickException(error.args[0]) from error
    except StateError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
