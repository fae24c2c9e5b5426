"""Structured logs: one JSON object a line, on standard error.

Callers name what they log, field by field. Bodies, tokens, arguments and the
texts of database errors (which may quote arguments) are never among them.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


class JsonFormatter(logging.Formatter):
    """Render a record, and the ``fields`` given in ``extra``, as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(level: str) -> None:
    """Send every logger's records at ``level`` and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # The pool tells of each connection that it hands out; what matters of it
    # (lost and regained databases) is logged here, once, by the listener.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
