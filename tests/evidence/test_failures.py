"""What breaks a claim is seen, and named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.cluster import DEPLOYER
from tests.fleet import launch, manned

if TYPE_CHECKING:
    from .conftest import Live

# By what is done as a superuser: the claims that fail, of those that are examined.
BROKEN = {
    "DROP POLICY select_people ON public.pms_parts": {"rls_policies"},
    "ALTER TABLE public.pms_parts DISABLE ROW LEVEL SECURITY": {"rls_policies"},
    "CREATE POLICY more ON public.pms_parts FOR SELECT USING (true)": {"rls_policies"},
    "UPDATE public.pms_inventory_stock SET quantity = quantity + 1": {
        "canonical_parity",
        "drift",
    },
    "ALTER TABLE public.pms_inventory_transactions"
    " DROP CONSTRAINT signed_types_are_signed;"
    " INSERT INTO public.pms_inventory_transactions"
    " (yacht_id, stock_id, quantity_change, transaction_type)"
    " SELECT s.yacht_id, s.stock_id, 1, 'adjusted'"
    " FROM public.pms_inventory_stock AS s": {"signed_rows"},
    "GRANT EXECUTE ON FUNCTION public.consume_part TO anon": {"function_grants"},
    "GRANT EXECUTE ON FUNCTION private.my_yachts(text[]) TO PUBLIC": {
        "function_grants"
    },
    "GRANT UPDATE ON public.pms_parts TO authenticated": {"function_grants"},
    "ALTER VIEW public.pms_part_stock RESET (security_invoker)": {"view_definitions"},
}
EXAMINED = sorted(set().union(*BROKEN.values()))
# Over HTTP, each with the claims that are examined.
BROKEN_CALLS = {
    "DROP POLICY pms_part_photos_delete_manager ON storage.objects": {
        "storage_matrix",
        "storage_policies",
    },
    "UPDATE private.action_registry SET roles = '{crew,manager}'"
    " WHERE action = 'deactivate_part'": {"role_matrix"},
    "CREATE RULE forget AS ON INSERT TO private.signing_failures DO INSTEAD NOTHING": {
        "signed_actions"
    },
    "CREATE OR REPLACE FUNCTION private.reason_error(p_reason text) RETURNS jsonb"
    " LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE 'XX000'; END $$": {"zero_5xx"},
}


def _broken(patient: Live, statement: str) -> None:
    with manned(patient.database.url(DEPLOYER)) as fleet:
        launch(fleet, 5)
    with patient.database.cluster.connect(patient.database.name) as connection:
        connection.execute(statement.encode())


def _only(claims: list[str]) -> list[str]:
    return [text for name in claims for text in ("--only", name)]


@pytest.mark.parametrize("statement", BROKEN)
def test_a_broken_database_is_seen(
    patient: Live, tmp_path: Path, statement: str
) -> None:
    """The claim that it breaks fails, and no other."""
    _broken(patient, statement)
    run = patient.take(tmp_path / "bundle", *_only(EXAMINED))
    assert run.code == 1, run.output
    assert set(run.failed) == BROKEN[statement]
    for name in EXAMINED:
        assert run[name]["holds"] is (name not in BROKEN[statement])
        told = "FAILS" if name in BROKEN[statement] else "holds"
        assert re.search(rf"^{told} +{name} ", run.output, re.MULTILINE)
    page = (run.directory / "index.html").read_text(encoding="utf-8")
    assert f"claims fail: {', '.join(run.failed)}" in page or len(run.failed) > 1


@pytest.mark.parametrize("statement", BROKEN_CALLS)
def test_a_broken_call_is_seen(patient: Live, tmp_path: Path, statement: str) -> None:
    _broken(patient, statement)
    claims = BROKEN_CALLS[statement]
    run = patient.take(tmp_path / "bundle", *_only(sorted(claims)))
    assert (set(run.failed), run.code) == (claims, 1), run.output


def test_a_watched_ramp_is_left_alone(patient: Live, tmp_path: Path) -> None:
    """Calls that are wrong on purpose would make it fall back."""
    _broken(
        patient, "SELECT private.set_canary(clock_timestamp(), 5, 'go', true, true)"
    )
    run = patient.take(tmp_path / "bundle", "--no-bench")
    assert run.code == 1
    assert "a canary ramp is watched" in run.output
    assert not (tmp_path / "bundle").exists()


def test_a_bundle_that_cannot_be_written_is_no_work(live: Live) -> None:
    """Said before any claim is examined."""
    run = live.take(Path("/proc/bundle"))
    assert run.code == 1
    assert run.output == (
        "Error: cannot write /proc/bundle/index.html: No such file or directory\n"
    )


def test_an_installation_without_storage_is_no_failure(
    bare: Live, tmp_path: Path
) -> None:
    """What is not there is not measured, and that it says so is no server error."""
    only = _only(["storage_matrix", "zero_5xx"])
    run = bare.take(tmp_path / "bundle", *only)
    assert run.code == 0, run.output
    assert run["storage_matrix"]["holds"] is None
    assert run["zero_5xx"]["holds"] is True


def test_the_wrong_secret_is_one_line(live: Live, tmp_path: Path) -> None:
    """Nothing is claimed of an installation that does not take the tokens."""
    stranger = type(live)(live.database, live.url, "not the secret of this one" * 2)
    run = stranger.take(tmp_path / "bundle", "--no-bench")
    assert run.code == 1
    assert "JWT_SECRET" in run.output
    assert not (tmp_path / "bundle").exists()
