"""The description of the API against the API."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from deploy.state import ROOT
from tests.acceptance.answers import accepted
from tests.acceptance.scene import FUNCTIONS, WRITES
from tests.test_errors_md import RPCS

if TYPE_CHECKING:
    from tests.acceptance.conftest import Api
    from tests.acceptance.scene import Scene


SERVICE = sorted(path.stem for path in (ROOT / "rpc" / "service").glob("*.sql"))
EVERY = [*RPCS, *SERVICE]
RELEASE = Path("/etc/os-release")
IS_DEBIAN = RELEASE.exists() and "\nID=debian\n" in RELEASE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def description(gateway_api: Api) -> Any:
    answer = gateway_api.http.get("/")
    assert answer.headers["content-type"].startswith("application/openapi+json")
    return answer.raise_for_status().json()


def test_it_is_valid_openapi(description: Any) -> None:
    """By the validator of OpenAPI 3.1, and complete."""
    OpenAPIV31SpecValidator(description).validate()
    assert description["paths"].keys() == {f"/rpc/{name}" for name in EVERY}
    for name in EVERY:
        post = description["paths"][f"/rpc/{name}"]["post"]
        body = post["requestBody"]["content"]["application/json"]["schema"]
        for parameter in body["properties"].values():
            assert parameter["description"]


def test_each_route_and_root_give_the_same(
    gateway_api: Api, forwarding_api: Api
) -> None:
    """Where supabase-js looks, and whichever way calls take."""
    here = gateway_api.http.get("/").json()
    assert gateway_api.http.get("/rest/v1/").json() == here
    assert forwarding_api.http.get("/").json() == here
    assert gateway_api.http.head("/").status_code == 200
    assert gateway_api.http.delete("/").status_code == 405


@pytest.mark.parametrize("function", FUNCTIONS)
def test_answers_are_as_described(
    gateway_api: Api, scene: Scene, description: Any, function: str
) -> None:
    """Status and body of a success."""
    arguments = scene.arguments(function)
    answer = gateway_api.post(function, arguments, scene.ship.captain)
    body = accepted(answer, WRITES.get(function, 200))
    operation = description["paths"][f"/rpc/{function}"]["post"]
    described = operation["responses"][str(answer.status_code)]
    schema = described["content"]["application/json"]["schema"]
    jsonschema.validate(
        body, schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    taken = operation["requestBody"]["content"]["application/json"]["schema"]
    assert set(taken["required"]) <= arguments.keys() <= taken["properties"].keys()


def test_the_page_shows_every_rpc(gateway_api: Api, tmp_path: Path) -> None:
    """In a real browser, with nothing from elsewhere."""
    browser = shutil.which("chromium")
    if browser is None:
        assert not IS_DEBIAN, "the bootstrap installs it"
        pytest.skip("no browser here")
    shown = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu"),
            *("--disable-background-networking", "--disable-component-update"),
            *("--disable-sync", "--no-first-run", f"--user-data-dir={tmp_path}"),
            *("--virtual-time-budget=20000", "--dump-dom"),
            str(gateway_api.http.base_url.join("/docs")),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    for name in EVERY:
        assert f'id="operations-records-{name}"' in shown or (
            f'id="operations-reads-{name}"' in shown
        ), name


def test_the_page_brings_its_own_files(gateway_api: Api) -> None:
    """And forbids the browser any others."""
    page = gateway_api.http.get("/docs")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "://" not in page.text
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js"):
        asset = gateway_api.http.get(f"/docs/{name}")
        assert asset.status_code == 200
        assert asset.headers["x-content-type-options"] == "nosniff"
    for path in ("/docs/../settings.py", "/docs/%2e%2e/x", "/docs/nothing.js"):
        assert gateway_api.http.get(path).status_code == 404
