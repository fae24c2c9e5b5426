"""The people of the sample fleet, with fixed ids, as one table.

They are nobody's accounts: a person becomes real by a row in `auth_users_roles`, which
`deploy.sample` writes, and a token, which `deploy.tokens` signs.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

YACHT_ID = UUID("0197a000-0000-7000-8000-000000000001")
OTHER_YACHT_ID = UUID("0197a000-0000-7000-8000-000000000002")


@dataclass(frozen=True)
class Persona:
    """A person of the sample fleet.

    `key` names them on the command line and in `make env`; `yacht_role` is their role
    on `yacht_id`; `token_role` is the database role that their token asks for.
    """

    key: str
    user_id: UUID | None
    yacht_id: UUID | None
    yacht_role: str | None
    token_role: str = "authenticated"  # noqa: S105  a role's name, not a secret


def _person(number: int, key: str, yacht_role: str, yacht_id: UUID) -> Persona:
    user_id = UUID(f"0197a000-0000-7000-8000-{0x100 + number:012x}")
    return Persona(key, user_id, yacht_id, yacht_role)


CREW = _person(1, "CREW", "crew", YACHT_ID)
DECKHAND = _person(2, "DECKHAND", "deckhand", YACHT_ID)
HOD = _person(3, "HOD", "chief_engineer", YACHT_ID)
PURSER = _person(4, "PURSER", "purser", YACHT_ID)
CAPTAIN = _person(5, "CAPTAIN", "captain", YACHT_ID)
MANAGER = _person(6, "MANAGER", "manager", YACHT_ID)
STRANGER = _person(7, "STRANGER", "captain", OTHER_YACHT_ID)
SERVICE = Persona("SERVICE", None, None, None, token_role="service_role")  # noqa: S106  a role's name

PEOPLE = (CREW, DECKHAND, HOD, PURSER, CAPTAIN, MANAGER, STRANGER)
PERSONAS = (*PEOPLE, SERVICE)


def find(name: str) -> Persona:
    """The persona called `name`: its key or a role on the first yacht, in any case.

    KeyError, whose text lists the names, if there is none.
    """
    wanted = name.strip().lower()
    for persona in PERSONAS:
        if wanted == persona.key.lower():
            return persona
    for persona in PERSONAS:
        if wanted == persona.yacht_role or wanted == persona.token_role:
            return persona
    known = ", ".join(persona.key.lower() for persona in PERSONAS)
    raise KeyError(f"nobody is called {name!r}; there are: {known}")
