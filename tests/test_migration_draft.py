"""Drafting a migration: from edited sources to a change that a DBA can deploy."""

from __future__ import annotations

import importlib
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from deploy.cluster import ADMINISTRATOR, DEPLOYER
from deploy.migration import MigrationError, main, make
from deploy.moulds import built
from deploy.moulds import migrated as migrated_content
from deploy.parity import difference
from deploy.scratch import scratch_cluster
from deploy.snapshot import entries
from deploy.sqitch import SqitchError, migrate, sqitch
from deploy.state import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deploy.cluster import Cluster

CHANGE = "shelf_life"

ADDITION = """
CREATE TYPE private.shelf_life_unit AS ENUM ('day', 'month');
ALTER TYPE private.shelf_life_unit OWNER TO pms_owner;

ALTER TABLE public.pms_parts
    ADD COLUMN shelf_life integer,
    ADD COLUMN shelf_life_in private.shelf_life_unit,
    ADD CONSTRAINT shelf_life_is_positive CHECK (shelf_life > 0);
COMMENT ON COLUMN public.pms_parts.shelf_life IS 'How long the part keeps.';

CREATE FUNCTION private.keeps_for(p_yacht_id uuid, p_part_id uuid)
    RETURNS integer
    LANGUAGE sql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.shelf_life
    FROM public.pms_parts AS p
    WHERE p.yacht_id = p_yacht_id
      AND p.part_id = p_part_id;
END;
ALTER FUNCTION private.keeps_for(uuid, uuid) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.keeps_for(uuid, uuid) IS 'Shelf life of a part.';
REVOKE ALL ON FUNCTION private.keeps_for(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION private.keeps_for(uuid, uuid) TO authenticated;

CREATE POLICY select_perishable
    ON public.pms_parts
    AS RESTRICTIVE
    FOR SELECT
    TO authenticated
    USING (shelf_life IS NULL OR shelf_life > 0);

CREATE TABLE private.shelf_lives (
    category text NOT NULL,
    days     integer NOT NULL,
    CONSTRAINT shelf_lives_pkey PRIMARY KEY (category)
);
ALTER TABLE private.shelf_lives OWNER TO pms_owner;
REVOKE ALL ON TABLE private.shelf_lives FROM PUBLIC;
GRANT SELECT ON TABLE private.shelf_lives TO pms_rpc;
ALTER TABLE private.shelf_lives ENABLE ROW LEVEL SECURITY;
ALTER TABLE private.shelf_lives FORCE ROW LEVEL SECURITY;
INSERT INTO private.shelf_lives (category, days) VALUES ('paint', 720);
"""

# What the draft leaves as SQL behind '-- ', for an author who agrees with it.
_LEFT = re.compile(
    r"^-- ((?:ALTER|COMMENT ON|GRANT|INSERT INTO|REVOKE) .*;)$", re.MULTILINE
)


@dataclass(frozen=True)
class Drafted:
    """A copy of the sources with additions, and the change drafted from them."""

    tree: Path
    deploy: Path
    revert: Path
    verify: Path


def copied(tree: Path) -> Path:
    """Copy the sources of this repository to `tree`."""
    for name in ("sql", "policies", "rpc", "migrations"):
        shutil.copytree(ROOT / name, tree / name)
    return tree


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Drafted:
    """A column, a function, a policy, a table and more, not yet finished."""
    tree = copied(tmp_path_factory.mktemp("tree"))
    (tree / "sql" / "shelf_life.sql").write_text(ADDITION, encoding="utf-8")
    with (tree / "sql" / "tenant.list").open("a", encoding="utf-8") as file:
        file.write("\nsql/shelf_life.sql\n")
    # Imported, it reads the sources of all that is on the stack, and again for each of
    # its own files: a thread's stack is short.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(importlib.import_module, "results.dbdiff").result()
    return Drafted(tree, *make(CHANGE, note="Parts keep for a time.", root=tree))


@pytest.fixture
def migrated() -> Iterator[Cluster]:
    """A cluster of its own, with a database of today's migrations."""
    with scratch_cluster(migrated_content()) as cluster:
        yield cluster


def test_plan_line_has_the_note_and_requires_the_change_before(
    drafted: Drafted,
) -> None:
    """Sqitch itself writes it."""
    plan = (drafted.tree / "migrations" / "tenant" / "sqitch.plan").read_text("utf-8")
    before, line = plan.strip().splitlines()[-2:]
    assert line.startswith(f"{CHANGE} [{before.split()[0]}] ")
    assert line.endswith(" # Parts keep for a time.")


def test_verify_draft_asks_for_what_is_new(drafted: Drafted) -> None:
    """What the change makes is asserted already; who may use it is the author's."""
    verify = drafted.verify.read_text("utf-8")
    assert "'private.keeps_for(uuid, uuid)'::regprocedure" in verify
    assert "'private.shelf_lives'::regclass" in verify
    assert "polname = 'select_perishable'" in verify
    assert "    shelf_life,\n    shelf_life_in\nFROM public.pms_parts" in verify


def test_unfinished_draft_does_not_deploy(drafted: Drafted, migrated: Cluster) -> None:
    """Its verify script throws, and Sqitch takes back what it has deployed."""
    before = entries(migrated.url(ADMINISTRATOR))
    with pytest.raises(SqitchError, match="is a draft"):
        migrate(migrated.url(DEPLOYER), root=drafted.tree)
    assert not difference(before, entries(migrated.url(ADMINISTRATOR)))


def test_finished_draft_makes_the_desired_state_and_can_be_reverted(
    drafted: Drafted, migrated: Cluster, tmp_path: Path
) -> None:
    """An author finishes what is left, and the DBA's database is the desired one."""
    tree = shutil.copytree(drafted.tree, tmp_path / "tree")
    for path in (drafted.deploy, drafted.revert):
        finished = _LEFT.sub(r"\1", path.read_text("utf-8"))
        (tree / path.relative_to(drafted.tree)).write_text(finished, "utf-8")
    verify = re.sub(
        r"-- A draft.*?END\n\$\$;\n", "", drafted.verify.read_text("utf-8"), flags=re.S
    )
    (tree / drafted.verify.relative_to(drafted.tree)).write_text(verify, "utf-8")
    deployer, superuser = (migrated.url(user) for user in (DEPLOYER, ADMINISTRATOR))
    before = entries(superuser)
    with scratch_cluster(built(tree)) as cluster:
        wanted = entries(cluster.url(ADMINISTRATOR))

    migrate(deployer, root=tree)
    assert not difference(entries(superuser), wanted)

    options = ["-y", "--to=@HEAD^"]
    sqitch("revert", deployer, project="tenant", options=options, quiet=True, root=tree)
    assert not difference(before, entries(superuser))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "make migration NAME="),
        ("add x", "lower-case letters"),
        ("../add", "lower-case letters"),
        ("x", "two of them or more"),
    ],
)
def test_unusable_name_is_refused(name: str, message: str) -> None:
    """Said before anything is built or written."""
    result = CliRunner().invoke(main, [name])
    assert result.exit_code == 1
    assert message in result.output


def test_name_in_the_plan_is_refused(drafted: Drafted) -> None:
    """A change that was planned once is never drafted over."""
    with pytest.raises(MigrationError, match=f"has a change '{CHANGE}' already"):
        make(CHANGE, root=drafted.tree)


def test_nothing_to_draft_is_refused_and_leaves_the_plan_alone(tmp_path: Path) -> None:
    """An empty migration is a mistake, not a draft."""
    tree = copied(tmp_path)
    plan = tree / "migrations" / "tenant" / "sqitch.plan"
    before = plan.read_text("utf-8")
    with pytest.raises(MigrationError, match="do not differ"):
        make("nothing", root=tree)
    assert plan.read_text("utf-8") == before
