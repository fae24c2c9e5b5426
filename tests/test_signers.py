"""The sample people's PINs and codes: each code once, and never a code too old."""

from __future__ import annotations

import base64
import stat
from typing import TYPE_CHECKING

import pytest

from deploy.env import signing
from deploy.personas import CAPTAIN, CREW
from deploy.signers import STEP, NotEnrolledError, Signer, Signers
from deploy.state import State, StateError
from tests.fleet import totp

if TYPE_CHECKING:
    from pathlib import Path

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.fixture
def signers(tmp_path: Path) -> Signers:
    return Signers.of(State(tmp_path))


def test_codes_are_those_of_the_rfc() -> None:
    """RFC 6238, appendix B, SHA-1: the last six of eight digits."""
    signer = Signer("314159", SECRET)
    times = {59: "287082", 1111111109: "081804", 20000000000: "353130"}
    assert {time: signer.code(time // STEP) for time in times} == times


def test_uri_is_read_as_an_authenticator_reads_it() -> None:
    uri = f"otpauth://totp/Part%20Lens:x?secret={SECRET}&issuer=Part%20Lens&digits=6"
    assert Signer.from_uri("314159", uri) == Signer("314159", SECRET)


@pytest.mark.parametrize(
    ("second", "steps"),
    [(0, [9, 10, 11, None]), (24, [9, 10, 11, None]), (25, [10, 11, None])],
)
def test_each_step_is_given_once(second: int, steps: list[int | None]) -> None:
    """One before and one after count too, unless the older is about to expire."""
    signer = Signer("314159", SECRET)
    found = []
    for _ in steps:
        step = signer.step(10 * STEP + second)
        found.append(step)
        if step is not None:
            signer.code(step)
    assert found == steps
    assert signer.step(11 * STEP + second) == 12


def test_file_is_for_its_owner_alone(signers: Signers) -> None:
    """And remembers, over processes, which codes were given."""
    signers.keep(CREW, Signer("314159", SECRET))
    signers.keep(CAPTAIN, Signer("271828", SECRET))
    assert stat.S_IMODE(signers.path.stat().st_mode) == 0o600
    codes = {signers.code(CREW) for _ in range(2)}
    assert len(codes) == 2
    [first, second] = signers.known()["CREW"].used
    assert codes == {totp(base64.b32decode(SECRET), step=s) for s in (first, second)}
    assert signers.known()["CAPTAIN"].used == []
    assert SECRET not in repr(signers.known())


def test_nobody_signs_unenrolled(signers: Signers) -> None:
    with pytest.raises(NotEnrolledError, match="make demo"):
        signers.signature(CREW)


def test_damaged_file_is_named(signers: Signers) -> None:
    signers.path.write_text('{"CREW": {"pin": 1, "seecret": 2}}', encoding="utf-8")
    with pytest.raises(StateError, match="damaged"):
        signers.known()


def test_env_has_what_people_sign_with(signers: Signers) -> None:
    """By persona; nothing before they are enrolled."""
    state = State(signers.path.parent)
    assert signing(state) == {}
    signers.keep(CREW, Signer("314159", SECRET))
    assert signing(state) == {"PIN_CREW": "314159", "TOTP_SECRET_CREW": SECRET}
