"""The import of a CSV: how files are read, and what is sent, once, to a real server."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest
from click.testing import CliRunner

from deploy.catalogue import (
    COLUMNS,
    Catalogue,
    CatalogueError,
    parse_catalogue,
    read_catalogue,
)
from deploy.cluster import DEPLOYER
from deploy.importer import Importer, ImportFailedError, main
from deploy.personas import CREW, MANAGER, OTHER_YACHT_ID, YACHT_ID
from deploy.sample import YACHTS, Yacht, load_people

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from uuid import UUID

    from deploy.personas import Persona
    from tests.conftest import Database

HEADER = "part_number,name,unit,min_level,opening_quantity,is_critical,location\n"


def parse(text: str) -> Catalogue:
    return parse_catalogue(text.encode())


class TestReading:
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    @pytest.mark.parametrize("ending", ["\n", "\r\n"])
    def test_spreadsheet_dialects(
        self, separator: str, mark: bytes, ending: str
    ) -> None:
        """Separator, byte order mark and line ending make no difference."""
        lines = [
            ' Part_Number ,NAME,Min_Level," is_critical ",description',
            'A-1,"Filter µm",4,yes,',
            "",
            ",,,,",
            'A-2,Belt,,,"two',
            'lines"',
            "A-3,Hose,0,no,",
        ]
        text = ending.join(lines).replace(",", separator)
        assert parse_catalogue(mark + text.encode()).rows == (
            {
                "line": 2,
                "part_number": "A-1",
                "name": "Filter µm",
                "min_level": 4,
                "is_critical": True,
            },
            {
                "line": 5,
                "part_number": "A-2",
                "name": "Belt",
                "description": f"two{ending}lines",
            },
            {
                "line": 7,
                "part_number": "A-3",
                "name": "Hose",
                "min_level": 0,
                "is_critical": False,
            },
        )

    def test_separator_in_quotes_is_text(self) -> None:
        """A semicolon in a name does not make a comma file a semicolon file."""
        rows = parse('part_number,name\nA-1,"Seal; inner, 4"" pipe"\n').rows
        assert rows[0]["name"] == 'Seal; inner, 4" pipe'

    def test_part_numbers_stay_text(self) -> None:
        """Leading zeros are part of the number."""
        assert parse("part_number,name\n0031845301,Filter\n").rows[0] == {
            "line": 2,
            "part_number": "0031845301",
            "name": "Filter",
        }

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "the file is empty"),
            (b"\n \n", "the file is empty"),
            (b"part_number,name\n", "no rows under the header"),
            (
                b"part_number,price\nA,1\n",
                f"unknown column 'price'; the columns are: {', '.join(COLUMNS)}",
            ),
            (b"part_number,name,NAME\nA,b,c\n", "column name stands there twice"),
            (b"name,unit\nA,pcs\n", "no column part_number"),
            (b"part_number,name\nA,b\nB,M\xfcller\n", "line 3 is not UTF-8"),
            ("part_number,name\nA,b\n".encode("utf-16-le"), "not a CSV file in UTF-8"),
            (b'part_number,name\nA,b\nB,"open\n\n', "line 3 is not valid CSV"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_unusable_files_say_why(self, content: bytes, says: str) -> None:
        """What is wrong with the file as a whole is said in one line."""
        with pytest.raises(CatalogueError) as caught:
            parse_catalogue(content)
        assert says in str(caught.value)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        """A file that is not there is an error of its own, not a traceback."""
        with pytest.raises(CatalogueError, match=r"none\.csv: No such file"):
            read_catalogue(tmp_path / "none.csv")

    def test_a_bad_cell_costs_its_row_alone(self) -> None:
        """Rows with cells of the wrong type are refused by line, code and field."""
        catalogue = parse(
            HEADER
            + "A-1,Filter,pcs,two,1,yes,Locker\n"
            + "A-2,Filter,pcs,2,1.5,yes,Locker\n"
            + "A-3,Filter,pcs,2,1,perhaps,Locker\n"
            + "A-4,Filter,pcs,2,1,yes,Locker,extra\n"
            + 'A-5,Filter,pcs,"1,000",1,yes,Locker\n'
            + "A-6,Filter,pcs,-2,1,yes,Locker\n"
        )
        assert [(r["line"], r["code"], r["field"]) for r in catalogue.refused] == [
            (2, "invalid_level", "min_level"),
            (3, "invalid_quantity", "opening_quantity"),
            (4, "invalid_value", "is_critical"),
            (5, "invalid_row", None),
            (6, "invalid_level", "min_level"),
        ]
        assert [row["part_number"] for row in catalogue.rows] == ["A-6"]
        assert catalogue.refused[0]["reason"] == "is not a whole number: 'two'"

    def test_a_repeated_part_number_is_refused(self) -> None:
        """The first line counts, whatever the case; the second names it."""
        catalogue = parse("part_number,name\nA-1,Filter\nB-1,Belt\na-1 ,Other\n")
        assert [row["line"] for row in catalogue.rows] == [2, 3]
        (refused,) = catalogue.refused
        assert (refused["line"], refused["code"]) == (4, "duplicate_line")
        assert refused["reason"] == "stands on line 2 too"


@pytest.fixture(scope="module")
def people(database: Database) -> None:
    with psycopg.connect(database.url(DEPLOYER), autocommit=True) as connection:
        load_people(connection)


@pytest.fixture
def importer(
    gateway: str,
    people: None,  # noqa: ARG001  it is there for its rows
    token: Callable[[Persona], str],
) -> Importer:
    return Importer(gateway, token(MANAGER), wait=0.01)


@pytest.fixture
def stock(database: Database) -> Callable[..., dict[str, int]]:
    """What each part of a yacht has in stock, by part number."""

    def read(yacht_id: UUID = YACHT_ID) -> dict[str, int]:
        with psycopg.connect(database.url(DEPLOYER)) as connection:
            rows = connection.execute(
                "SELECT part_number, on_hand FROM public.pms_part_stock"
                " WHERE yacht_id = %s",
                [yacht_id],
            )
            found: dict[str, int] = dict(rows.fetchall())
            return found

    return read


def row(number: str, **cells: object) -> str:
    values = {
        "name": f"Part {number}",
        "unit": "pcs",
        "min_level": 1,
        "opening_quantity": 3,
        "is_critical": "no",
        "location": "Deck / Locker",
    } | cells
    return ",".join([number, *(str(value) for value in values.values())]) + "\n"


def count_places(database: Database, yacht: Yacht) -> int:
    with psycopg.connect(database.url(DEPLOYER)) as connection:
        row = connection.execute(
            "SELECT count(*) FROM public.pms_part_locations WHERE yacht_id = %s",
            [yacht.yacht_id],
        ).fetchone()
    assert row is not None
    return int(row[0])


class TestSending:
    @pytest.mark.parametrize("yacht", YACHTS, ids=lambda yacht: yacht.name)
    def test_sample_catalogues_import_whole(
        self,
        gateway: str,
        people: None,  # noqa: ARG002
        token: Callable[[Persona], str],
        database: Database,
        stock: Callable[..., dict[str, int]],
        yacht: Yacht,
    ) -> None:
        """Every row of the sample becomes a part with its opening stock."""
        catalogue = read_catalogue(yacht.catalogue)
        parts, places = stock(yacht.yacht_id), count_places(database, yacht)
        seen: list[int] = []
        summary = Importer(gateway, token(yacht.importer)).run(
            catalogue, yacht.yacht_id, progress=seen.append
        )
        assert summary.refused == []
        assert summary.created == summary.rows == len(catalogue.rows) == sum(seen)
        assert stock(yacht.yacht_id) == parts | {
            r["part_number"]: r["opening_quantity"] for r in catalogue.rows
        }
        assert count_places(database, yacht) - places == summary.locations_created

    def test_running_again_imports_nothing_twice(
        self, importer: Importer, stock: Callable[..., dict[str, int]]
    ) -> None:
        """The same file again is told apart as imported before, with its result."""
        catalogue = parse(HEADER + row("R-1") + row("R-2"))
        first = importer.run(catalogue, YACHT_ID)
        second = importer.run(catalogue, YACHT_ID)
        assert (first.created, first.earlier) == (2, 0)
        assert (second.created, second.earlier) == (2, 2)
        assert stock()["R-1"] == 3

    def test_again_sends_the_file_as_new(self, importer: Importer) -> None:
        """--again compares the file with what is there now."""
        catalogue = parse(HEADER + row("S-1"))
        importer.run(catalogue, YACHT_ID)
        again = importer.run(catalogue, YACHT_ID, again=True)
        assert (again.created, again.unchanged, again.earlier) == (0, 1, 0)

    def test_a_dry_run_writes_nothing(
        self, importer: Importer, stock: Callable[..., dict[str, int]]
    ) -> None:
        """A dry run tells what would be created, and leaves the real run its key."""
        catalogue = parse(HEADER + row("D-1"))
        dry = importer.run(catalogue, YACHT_ID, dry_run=True)
        assert dry.created == 1
        assert "D-1" not in stock()
        assert importer.run(catalogue, YACHT_ID).earlier == 0

    def test_refused_rows_never_cost_the_good_ones(
        self, importer: Importer, stock: Callable[..., dict[str, int]]
    ) -> None:
        """Refusals of file and server stand in one list, by line."""
        catalogue = parse(
            HEADER
            + row("F-1", unit="furlong")
            + row("F-2", min_level=-1)
            + row("F-3")
            + row("F-4", min_level="few")
            + row("F-3")
            + row("", name="Nameless")
        )
        summary = importer.run(catalogue, YACHT_ID)
        assert [(r["line"], r["code"]) for r in summary.refused] == [
            (2, "unknown_unit"),
            (3, "invalid_level"),
            (5, "invalid_level"),
            (6, "duplicate_line"),
            (7, "missing_part_number"),
        ]
        assert (summary.rows, summary.created) == (6, 1)
        assert {"F-1", "F-2", "F-4"}.isdisjoint(stock())
        assert stock()["F-3"] == 3

    def test_batches_bear_the_lines_of_the_file(
        self, gateway: str, importer: Importer
    ) -> None:
        """A row's line does not depend on its batch."""
        importer = Importer(gateway, importer.token, batch_rows=2)
        catalogue = parse(
            HEADER + row("B-1") + row("B-2") + row("B-3") + row("B-4", unit="ell")
        )
        summary = importer.run(catalogue, YACHT_ID)
        assert summary.created == 3
        assert [refusal["line"] for refusal in summary.refused] == [5]

    def test_a_lost_answer_is_not_imported_twice(
        self, importer: Importer, stock: Callable[..., dict[str, int]]
    ) -> None:
        """The call is repeated with its key and counts as this run's own."""
        with losing_answers(importer.url, 2) as url:
            summary = Importer(url, importer.token, wait=0.01).run(
                parse(HEADER + row("L-1")), YACHT_ID
            )
        assert (summary.created, summary.earlier) == (1, 0)
        assert stock()["L-1"] == 3

    def test_it_gives_up_when_no_answer_comes(self, importer: Importer) -> None:
        """After a bounded number of tries the error says what to do."""
        with (
            losing_answers(importer.url, 100) as url,
            pytest.raises(ImportFailedError, match="nothing is imported twice"),
        ):
            Importer(url, importer.token, wait=0.01).run(
                parse(HEADER + row("G-1")), YACHT_ID
            )

    def test_who_may_not_import_is_told_so(
        self, importer: Importer, token: Callable[[Persona], str]
    ) -> None:
        """A refusal of the whole call ends the import with code and words."""
        crew = Importer(importer.url, token(CREW))
        with pytest.raises(ImportFailedError, match="403 role_not_allowed"):
            crew.run(parse(HEADER + row("W-1")), YACHT_ID)
        with pytest.raises(ImportFailedError, match="403 not_on_yacht"):
            importer.run(parse(HEADER + row("W-1")), OTHER_YACHT_ID)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (HEADER + row("C-1"), 0, "created               1"),
        (HEADER + row("C-2") + row("C-3", unit="ell"), 1, "3  unknown_unit"),
        ("price\n1\n", 2, "Error: "),
    ],
    ids=["taken", "refused", "unusable"],
)
def test_command_ends_with_the_right_code(
    importer: Importer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    text: str,
    code: int,
    says: str,
) -> None:
    """0: every row was taken; 1: some were refused; 2: unusable."""
    monkeypatch.setenv("PART_LENS_TOKEN", importer.token)
    file = tmp_path / "parts.csv"
    file.write_text(text, encoding="utf-8")
    arguments = [str(file), "--yacht", str(YACHT_ID), "--url", importer.url]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.output
    assert says in result.output
    assert importer.token not in result.output


@contextmanager
def losing_answers(url: str, count: int) -> Iterator[str]:
    """A proxy to `url` that passes calls on but loses the first `count` answers."""
    lost = iter(range(count))

    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept = ("Authorization", "Content-Type")
            answer = httpx.post(
                url + self.path,
                content=body,
                headers={name: self.headers[name] for name in kept},
            )
            if next(lost, None) is not None:
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
