"""Send a parts catalogue to `import_parts`, in batches that are safe to repeat.

Each batch's idempotency key comes from the file's content, the yacht and the batch's
place, so that a run whose answers were lost can simply be run again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import httpx
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from deploy.background import running
from deploy.catalogue import Catalogue, CatalogueError, Refusal, read_catalogue
from deploy.personas import MANAGER
from deploy.sample import YACHTS
from deploy.state import State, StateError
from deploy.tokens import token_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

DEFAULT_URL = "http://127.0.0.1:3000"
BATCH_ROWS = 200
# The gateway takes bodies up to 1 MiB; the envelope and JSON escapes need room.
BATCH_BYTES = 512 * 1024
ATTEMPTS = 6
TIMEOUT = httpx.Timeout(60, connect=5)
UNAVAILABLE = frozenset({502, 503, 504})


class ImportFailedError(Exception):
    """A batch was refused as a whole, or nobody answered; the message is one line."""


class _UnavailableError(Exception):
    """The server says that it will be back."""


@dataclass
class Summary:
    """What an import did.

    `refused` are rows of the file, by line. `earlier` counts the rows whose batch an
    earlier run had brought in already: what is reported of them is what it did then.
    """

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    locations_created: int = 0
    earlier: int = 0
    refused: list[Refusal] = field(default_factory=list)

    def add(self, answer: dict[str, Any]) -> None:
        """Count one answer of `import_parts` in."""
        self.created += len(answer["created"])
        self.updated += len(answer["updated"])
        self.unchanged += answer["unchanged"]
        self.locations_created += answer["locations_created"]
        self.refused += answer["refused"]


@dataclass(frozen=True)
class Importer:
    """Imports catalogues over HTTP with one token.

    `url` is the gateway's or PostgREST's; `wait` is the first pause in seconds before
    a call is tried again, and doubles with each.
    """

    url: str
    token: str = field(repr=False)
    batch_rows: int = BATCH_ROWS
    wait: float = 0.5

    def run(
        self,
        catalogue: Catalogue,
        yacht_id: UUID,
        *,
        dry_run: bool = False,
        again: bool = False,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Summary:
        """Import `catalogue` and say what came of it.

        `dry_run` writes nothing. `again` sends batches that an earlier run has
        brought in once more, as new calls. `progress` is told the number of rows
        done since it was last called. Raises ImportFailedError; what was sent before
        stays imported.
        """
        summary = Summary(rows=len(catalogue.rows) + len(catalogue.refused))
        summary.refused += catalogue.refused
        # A dry run must not be answered with what was true at the last one.
        salt = uuid.uuid4().hex if dry_run or again else ""
        with httpx.Client(
            timeout=TIMEOUT, headers={"Authorization": f"Bearer {self.token}"}
        ) as client:
            for number, rows in enumerate(self._batches(catalogue)):
                name = f"{catalogue.digest} {yacht_id} {self.batch_rows} {number}"
                key = hashlib.sha256(f"{name} {salt}".encode()).hexdigest()
                arguments = {
                    "p_yacht_id": str(yacht_id),
                    "p_rows": rows,
                    "p_idempotency_key": f"import-{key[:32]}",
                    "p_dry_run": dry_run,
                }
                answer, is_new = self._send(client, arguments)
                summary.add(answer)
                summary.earlier += 0 if is_new else len(rows)
                progress(len(rows))
        summary.refused.sort(key=lambda refusal: refusal["line"])
        return summary

    def _batches(self, catalogue: Catalogue) -> Iterator[list[dict[str, Any]]]:
        batch: list[dict[str, Any]] = []
        size = 0
        for row in catalogue.rows:
            row_size = len(json.dumps(row))
            if batch and (
                len(batch) == self.batch_rows or size + row_size > BATCH_BYTES
            ):
                yield batch
                batch, size = [], 0
            batch.append(row)
            size += row_size
        if batch:
            yield batch

    def _send(
        self, client: httpx.Client, arguments: dict[str, Any]
    ) -> tuple[dict[str, Any], bool]:
        """The answer to a batch, and whether this run brought it in."""
        retrying = Retrying(
            retry=retry_if_exception_type((httpx.TransportError, _UnavailableError)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(self.wait, max=8) + wait_random(0, self.wait),
            reraise=True,
        )
        try:
            response = retrying(self._post, client, arguments)
        except (httpx.TransportError, _UnavailableError) as error:
            raise ImportFailedError(
                f"{self.url} does not answer ({error or type(error).__name__});"
                " run the import again when it does, nothing is imported twice"
            ) from error
        attempts = retrying.statistics.get("attempt_number", 1)
        body = _json_object(response)
        if response.status_code == 200 and body.get("success") is True:
            return body, True
        if body.get("code") == "duplicate_idempotency_key":
            # After a retry it was this run's own call whose answer got lost.
            return json.loads(body["details"]), attempts > 1
        raise ImportFailedError(_refusal_text(response, body))

    def _post(self, client: httpx.Client, arguments: dict[str, Any]) -> httpx.Response:
        response = client.post(f"{self.url}/rpc/import_parts", json=arguments)
        if response.status_code in UNAVAILABLE:
            raise _UnavailableError(f"status {response.status_code}")
        return response


def _json_object(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _refusal_text(response: httpx.Response, body: dict[str, Any]) -> str:
    if body.get("code") == "idempotency_key_reused":
        return (
            "this file was imported before, by somebody else or in another way;"
            " --again imports it once more"
        )
    said = [str(body[key]) for key in ("message", "details", "hint") if body.get(key)]
    code = body.get("code") or "no error body"
    return f"{response.status_code} {code}: {'; '.join(said) or 'nothing said'}"


def local_url() -> str:
    """Where the gateway of this installation is, or would be."""
    gateway = running("gateway", State.current())
    return gateway.url if gateway else DEFAULT_URL


def default_token(yacht_id: UUID) -> str:
    """PART_LENS_TOKEN, else a token of the sample person who imports for the yacht.

    Raises StateError if there is neither.
    """
    given = os.environ.get("PART_LENS_TOKEN")
    if given:
        return given
    people = {yacht.yacht_id: yacht.importer for yacht in YACHTS}
    secret = State.current().secrets().jwt_secret
    return token_for(people.get(yacht_id, MANAGER), secret)


def report(summary: Summary, *, dry_run: bool = False) -> Iterator[str]:
    """The lines that tell a person what an import did."""
    yield f"rows               {summary.rows:>6}"
    yield f"  created          {summary.created:>6}"
    yield f"  updated          {summary.updated:>6}"
    yield f"  unchanged        {summary.unchanged:>6}"
    yield f"  refused          {len(summary.refused):>6}"
    yield f"locations created  {summary.locations_created:>6}"
    if dry_run:
        yield "This was a dry run: nothing was written."
    if summary.earlier:
        yield (
            f"{summary.earlier} rows were imported before, from this same file: the"
            " figures are of then."
        )
        yield "To send them once more, add --again."
    if summary.refused:
        width = max(len(refusal["code"]) for refusal in summary.refused)
        yield ""
        yield f"{'line':>6}  {'code':<{width}}  reason"
        for refusal in summary.refused:
            reason = f"{refusal['field'] or ''} {refusal['reason']}".strip()
            yield f"{refusal['line']:>6}  {refusal['code']:<{width}}  {reason}"


@contextmanager
def progress_bar(label: str, rows: int) -> Iterator[Callable[[int], None]]:
    """A bar on the standard error stream, drawn only where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=rows, label=label, file=sys.stderr) as bar:
        yield bar.update


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--yacht", "yacht_id", type=click.UUID, required=True, help="Its id.")
@click.option(
    "--url",
    envvar="PART_LENS_URL",
    help="Where the API is; also PART_LENS_URL. Default: the gateway that runs here.",
)
@click.option("--dry-run", is_flag=True, help="Check everything, write nothing.")
@click.option("--again", is_flag=True, help="Send what was imported before, too.")
@click.option(
    "--batch",
    type=click.IntRange(1, 1000),
    default=BATCH_ROWS,
    show_default=True,
    help="Rows in one call.",
)
def main(
    file: Path, yacht_id: UUID, url: str | None, dry_run: bool, again: bool, batch: int
) -> None:
    """Import the parts catalogue in the CSV FILE.

    Calls the API with the token in PART_LENS_TOKEN, else as a sample manager. Ends
    with 0 when every row was taken, 1 when some were refused, 2 when the file or the
    server could not be used.
    """
    try:
        catalogue = read_catalogue(file)
        url = (url or local_url()).rstrip("/")
        if not url.startswith(("http://", "https://")):
            raise ImportFailedError(f"{url} is not a URL: it begins with http://")
        importer = Importer(url, default_token(yacht_id), batch)
        with progress_bar(file.name, len(catalogue.rows)) as progress:
            summary = importer.run(
                catalogue, yacht_id, dry_run=dry_run, again=again, progress=progress
            )
    except (CatalogueError, ImportFailedError, StateError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    for line in report(summary, dry_run=dry_run):
        click.echo(line)
    sys.exit(1 if summary.refused else 0)


if __name__ == "__main__":
    main()
