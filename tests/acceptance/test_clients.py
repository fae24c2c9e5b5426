"""What people call with: supabase-py, postgrest-py, and supabase-js on Node.

Each drives every RPC against the running gateway, to a success and to its refusals.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Any

import pytest
from postgrest import SyncPostgrestClient
from postgrest.exceptions import APIError
from supabase import ClientOptions, create_client

from deploy.postgrest import MODULES
from tests.acceptance.refusals import REFUSALS
from tests.acceptance.scene import FUNCTIONS, READS, STATUS, WRITES, set_scene
from tests.fleet import as_json

if TYPE_CHECKING:
    from tests.acceptance.conftest import Api
    from tests.acceptance.scene import Scene
    from tests.fleet import Fleet

# supabase-py hands postgrest-py what that wants no more.
pytestmark = pytest.mark.filterwarnings(
    "ignore:The '.*' parameter is deprecated:DeprecationWarning"
)

SCRIPT = MODULES.parent / "rpc.mjs"
ERROR = ("code", "message", "details", "hint")


@dataclass(frozen=True)
class Call:
    """A call to make, and what is to come of it: a code if it is refused."""

    label: str
    function: str
    make: Callable[[Scene], Mapping[str, Any]]
    role: str = "captain"
    get: bool = False
    code: str | None = None


@dataclass(frozen=True)
class Said:
    """What a client said: the data, or the parts of its own error."""

    data: Any = None
    error: Mapping[str, Any] | None = None
    status: int | None = None


def _calls() -> Iterator[Call]:
    for function in FUNCTIONS:
        yield Call(
            f"{function} succeeds",
            function,
            lambda scene, function=function: scene.arguments(function),  # type: ignore[misc]
        )
        yield Call(
            f"{function} refuses a stranger",
            function,
            lambda scene, function=function: scene.arguments(function),  # type: ignore[misc]
            role="stranger",
            code="not_on_yacht",
        )
    for function in READS:
        yield Call(
            f"{function} succeeds by GET",
            function,
            lambda scene, function=function: scene.arguments(function),  # type: ignore[misc]
            get=True,
        )
    one_of_each = {r.code: r for r in REFUSALS}
    for refusal in one_of_each.values():
        yield Call(
            f"{refusal.function} refuses by {refusal.code}",
            refusal.function,
            lambda scene, refusal=refusal: scene.arguments(  # type: ignore[misc]
                refusal.function, **refusal.changes(scene)
            ),
            code=refusal.code,
        )


CALLS = {call.label: call for call in _calls()}


@dataclass(frozen=True)
class Ready:
    """A call in a scene of its own, ready to be made."""

    call: Call
    arguments: Mapping[str, Any]
    token: str

    @property
    def plain(self) -> dict[str, Any]:
        """The arguments as JSON has them."""
        plain: dict[str, Any] = json.loads(as_json(self.arguments))
        return plain


Ask = Callable[[Ready], Said]


@contextmanager
def by_supabase_py(api: Api) -> Iterator[Ask]:
    client = create_client(
        str(api.http.base_url),
        api.token(None, role="anon"),
        ClientOptions(auto_refresh_token=False, persist_session=False),
    )
    with client.postgrest as rest:
        yield partial(_in_python, rest)


@contextmanager
def by_postgrest_py(api: Api) -> Iterator[Ask]:
    with SyncPostgrestClient(str(api.http.base_url)) as client:
        yield partial(_in_python, client)


def _in_python(client: SyncPostgrestClient, ready: Ready) -> Said:
    client.auth(ready.token)
    try:
        call = client.rpc(ready.call.function, ready.plain, get=ready.call.get)
        return Said(call.execute().data)
    except APIError as error:
        return Said(error={part: getattr(error, part) for part in ERROR})


@contextmanager
def by_supabase_js(api: Api) -> Iterator[Ask]:
    """One process makes all calls: Node takes its time to start."""
    if shutil.which("node") is None:
        pytest.skip("there is no Node.js")
    url, key = str(api.http.base_url).rstrip("/"), api.token(None, role="anon")
    with subprocess.Popen(
        ["node", str(SCRIPT), url, key],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        yield partial(_in_javascript, process.stdin, process.stdout)
        process.stdin.close()
    assert process.returncode == 0


def _in_javascript(to: IO[str], back: IO[str], ready: Ready) -> Said:
    line = {
        "token": ready.token,
        "name": ready.call.function,
        "args": ready.plain,
        "get": ready.call.get,
    }
    to.write(json.dumps(line) + "\n")
    to.flush()
    answer = json.loads(back.readline())
    return Said(answer.get("data"), answer["error"], answer.get("status"))


CLIENTS: Mapping[str, Callable[[Api], AbstractContextManager[Ask]]] = {
    "supabase-py": by_supabase_py,
    "postgrest-py": by_postgrest_py,
    "supabase-js": by_supabase_js,
}


@pytest.fixture(scope="module", params=CLIENTS)
def said(
    request: pytest.FixtureRequest, fleet: Fleet, gateway_api: Api
) -> Mapping[str, Said]:
    """What a client said of each call, each made in a scene of its own."""
    answers = {}
    with CLIENTS[request.param](gateway_api) as ask:
        for label, call in CALLS.items():
            with fleet.connection.transaction(), fleet.connection.pipeline():
                scene = set_scene(fleet)
            arguments = call.make(scene)
            token = gateway_api.token(scene.person(call.role))
            answers[label] = ask(Ready(call, arguments, token))
    return answers


@pytest.mark.parametrize("label", CALLS)
def test_client_gets_what_the_rpc_says(said: Mapping[str, Said], label: str) -> None:
    """Data for a success; for a refusal the client's own error, with all its parts."""
    call, answer = CALLS[label], said[label]
    if call.code is None:
        assert answer.error is None
        assert isinstance(answer.data, dict | list)
        if answer.status is not None:
            assert answer.status == WRITES.get(call.function, 200)
        return
    assert answer.error is not None
    assert answer.error["code"] == call.code
    assert call.code in STATUS
    assert isinstance(answer.error["message"], str)
    assert answer.error["message"]
    assert all(isinstance(answer.error[p], str | None) for p in ("details", "hint"))


def test_every_rpc_is_called(fleet: Fleet) -> None:
    """What the catalogue lets people execute, to a success and to a refusal."""
    rows = fleet.rows(
        "SELECT p.proname FROM pg_catalog.pg_proc AS p"
        " WHERE p.pronamespace = 'public'::regnamespace"
        " AND has_function_privilege('authenticated', p.oid, 'EXECUTE')"
    )
    there = {row["proname"] for row in rows}
    assert there
    assert {c.function for c in CALLS.values() if c.code is None} == there
    assert {c.function for c in CALLS.values() if c.code is not None} == there
    assert {c.code for c in CALLS.values() if c.code} >= {r.code for r in REFUSALS}


def test_clients_differ_in_nothing_that_counts(fleet: Fleet, gateway_api: Api) -> None:
    """The same refusal, word for word, from each of them."""
    with fleet.connection.transaction(), fleet.connection.pipeline():
        scene = set_scene(fleet)
    call = Call("", "consume_part", lambda _: {}, code="insufficient_stock")
    arguments = scene.arguments("consume_part", p_quantity=11)
    token = gateway_api.token(scene.ship.captain)
    wire = gateway_api.post("consume_part", arguments, scene.ship.captain).json()
    for client in CLIENTS.values():
        with client(gateway_api) as ask:
            assert ask(Ready(call, arguments, token)).error == wire
