"""Gateways that serve storage, on one real database."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from storage3 import SyncStorageClient

from deploy import services
from deploy.background import Service, served
from deploy.cluster import DEPLOYER
from deploy.process import free_port
from deploy.tokens import mint
from tests.fleet import Fleet, manned, new_id
from tests.plain import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from uuid import UUID

    from storage3._sync.file_api import SyncBucketProxy

    from deploy.cluster import Cluster
    from deploy.state import Secrets

DATABASE = "test_storage"
STORAGE_SECRET = "signs the URLs of these tests and nothing else at all"  # noqa: S105 - ours
PHOTOS = "pms-part-photos"
LABELS = "pms-label-pdfs"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
PDF = b"%PDF-1.7\n%%EOF\n"


@dataclass(frozen=True)
class Api:
    """A gateway under test."""

    url: str
    http: httpx.Client = field(repr=False)
    secret: str = field(repr=False)
    log: Path

    def token(self, person: UUID | None, **more: Any) -> str:
        return mint(self.secret, user_id=person, **more)

    def client(self, person: UUID, bucket: str = PHOTOS) -> SyncBucketProxy:
        """Supabase's Python client, as a person."""
        headers = {"Authorization": f"Bearer {self.token(person)}"}
        storage = SyncStorageClient(
            f"{self.url}/storage/v1/", headers, http_client=self.http
        )
        return storage.from_(bucket)

    def send(
        self,
        method: str,
        path: str,
        person: UUID | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Send a call, `path` as it is, behind `/storage/v1/`."""
        given = dict(headers or {})
        if token is None and person is not None:
            token = self.token(person)
        if token is not None:
            given["authorization"] = f"Bearer {token}"
        return self.http.request(
            method,
            self.url,
            headers=given,
            # Untouched: a URL's dot segments would be resolved.
            extensions={"target": f"/storage/v1/{path}".encode()},
            **more,
        )

    def upload(
        self,
        person: UUID | None,
        name: str,
        content: bytes = PNG,
        *,
        bucket: str = PHOTOS,
        type_: str = "image/png",
        method: str = "POST",
        **headers: str,
    ) -> httpx.Response:
        """Upload raw bytes, as the JavaScript client does."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return self.send(
            method,
            f"object/{bucket}/{quote(name)}",
            person,
            content=content,
            headers={"content-type": type_} | named,
        )


@dataclass(frozen=True)
class Aboard:
    """A yacht of the test's own, and people with a role on it."""

    yacht_id: UUID
    people: Mapping[str, UUID]

    def __getitem__(self, role: str) -> UUID:
        return self.people[role]

    def name(self, rest: str = "photos/impeller.png") -> str:
        return f"{self.yacht_id}/{rest}"


@pytest.fixture(scope="package")
def storage_database(cluster: Cluster, migrated_template: str) -> Iterator[str]:
    cluster.create_database(DATABASE, template=migrated_template)
    yield DATABASE
    cluster.drop_database(DATABASE)


@pytest.fixture(scope="package")
def fleet(cluster: Cluster, storage_database: str) -> Iterator[Fleet]:
    with manned(cluster.url(DEPLOYER, storage_database)) as found:
        yield found


@pytest.fixture
def aboard(fleet: Fleet) -> Aboard:
    yacht_id = fleet.yacht()
    roles = ["crew", "chief_engineer", "captain", "manager"]
    return Aboard(yacht_id, fleet.people(yacht_id, roles))


@pytest.fixture
def ashore(fleet: Fleet) -> UUID:
    """The manager of another yacht."""
    return fleet.person(fleet.yacht(), "manager")


@pytest.fixture
def nobody() -> UUID:
    """A person without a role anywhere."""
    return new_id()


@pytest.fixture(scope="package")
def configured(
    cluster: Cluster, storage_database: str, secrets: Secrets
) -> Callable[..., Service]:
    """Describes a gateway; `folder` keeps its bytes, and more settings go by name."""

    def described(folder: Path | None = None, **settings: str) -> Service:
        service = services.gateway(
            database_url=cluster.url("authenticator", storage_database),
            jwt_secret=secrets.jwt_secret,
            port=free_port(),
            storage_url=folder.as_uri() if folder else None,
            storage_secret=STORAGE_SECRET if folder else None,
        )
        more = {f"PART_LENS_{name}": text for name, text in settings.items()}
        return service.told(**more)

    return described


@pytest.fixture(scope="package")
def serve(
    secrets: Secrets, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Service], Any]:
    """Builds a context manager that runs a gateway."""

    @contextmanager
    def running(service: Service) -> Iterator[Api]:
        log = tmp_path_factory.mktemp("gateway") / "log"
        with (
            served(service, log) as url,
            httpx.Client(timeout=30, trust_env=False, verify=PLAIN) as http,
        ):
            yield Api(url, http, secrets.jwt_secret, log)

    return running


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the package's gateway keeps its bytes."""
    return tmp_path_factory.mktemp("storage")


@pytest.fixture(scope="package")
def api(
    serve: Callable[..., Any], configured: Callable[..., Service], folder: Path
) -> Iterator[Api]:
    """A gateway that serves storage from a folder."""
    with serve(configured(folder)) as found:
        yield found


def stored(folder: Path) -> set[str]:
    """The names under which bytes are stored."""
    return {path.name for path in folder.rglob("*") if path.is_file()}


def refusal(answer: httpx.Response) -> tuple[int, str, str, str]:
    """HTTP status, and status, error and code of Storage's error body."""
    body = answer.json()
    assert body.keys() == {"statusCode", "error", "message", "code"}
    assert all(isinstance(text, str) for text in body.values())
    return answer.status_code, body["statusCode"], body["error"], body["code"]
