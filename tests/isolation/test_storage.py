"""Storage of two tenants behind one gateway: whose objects are whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fleet import launch
from tests.isolation.conftest import ALIASES, gateway_service, serving

if TYPE_CHECKING:
    from pathlib import Path

    from deploy.state import Secrets
    from tests.isolation.conftest import World

NORTH, SOUTH = ALIASES
PHOTO = b"\x89PNG\r\n\x1a\n of the north"


def test_objects_stay_with_their_tenant(
    world: World, secrets: Secrets, tmp_path: Path
) -> None:
    """Rows, bytes and signed URLs, also for a person with a role in both."""
    ships = {alias: launch(world.fleets[alias], 1) for alias in ALIASES}
    for alias, ship in ships.items():
        for person in ship.people.values():
            world.account(person, alias)
    north, south = ships[NORTH], ships[SOUTH]
    world.fleets[SOUTH].execute(
        "INSERT INTO public.auth_users_roles (user_id, yacht_id, role)"
        " VALUES (%s, %s, 'manager')",
        [north.captain, south.yacht_id],
    )
    storage = {
        "PART_LENS_STORAGE_URL": (tmp_path / "bytes").as_uri(),
        "PART_LENS_STORAGE_SECRET": "signs the URLs of this one test alone",
    }
    service = gateway_service(world, secrets, storage)
    path = f"/storage/v1/object/pms-part-photos/{north.yacht_id}/a.png"
    sign = path.replace("/object/", "/object/sign/")
    with serving(service, secrets, tmp_path / "log") as api:
        captain = {"authorization": f"Bearer {api.token(north.captain)}"}
        answer = api.http.post(
            path, content=PHOTO, headers={**captain, "content-type": "image/png"}
        )
        assert answer.status_code == 200, answer.text
        [found] = [p for p in (tmp_path / "bytes").rglob("*") if p.is_file()]
        assert found.relative_to(tmp_path / "bytes").parts[0] == NORTH
        # Nobody's token: whose tenant it is says the signer.
        signed = api.http.post(sign, json={"expiresIn": 60}, headers=captain).json()
        answer = api.http.get("/storage/v1" + signed["signedURL"])
        assert answer.content == PHOTO
        stranger = {"authorization": f"Bearer {api.token(south.captain)}"}
        answer = api.http.get(path, headers=stranger)
        assert answer.json()["code"] == "NoSuchKey"
        answer = api.http.post(
            path.replace(str(north.yacht_id), str(south.yacht_id)),
            content=PHOTO,
            headers={**captain, "content-type": "image/png"},
        )
        assert answer.json()["code"] == "AccessDenied"
        # Who has no tenant is told so, in storage's shape.
        answer = api.http.get(path)
        assert answer.json()["statusCode"] == "403"
        # A person who moved takes their signed URLs along, to where they see nothing.
        signed = api.http.post(sign, json={"expiresIn": 60}, headers=captain).json()
    world.account(north.captain, SOUTH)
    with serving(service, secrets, tmp_path / "log") as api:
        answer = api.http.get("/storage/v1" + signed["signedURL"])
        assert answer.json()["code"] == "NoSuchKey"
