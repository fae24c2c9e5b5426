"""Refusals in the shape and with the statuses of Supabase Storage.

Its clients read the status from the body: HTTP says 400 for nearly everything.
"""

from __future__ import annotations

import json

from gateway.errors import RETRY_AFTER, ApiError
from gateway.messages import UNSTORED, Headers, Response, whole

HTTP_STATUS = 400
CREDENTIALS = {
    "JWT expired": '"exp" claim timestamp check failed',
    "No suitable key or wrong key type": "signature verification failed",
}


class StorageError(Exception):
    """A call that ends with Storage's error body.

    ``status`` is the one in the body; ``http`` the answer's own.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        error: str | None = None,
        http: int = HTTP_STATUS,
        headers: Headers | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.error = error or code
        self.http = http
        self.headers = headers or []

    def response(self) -> Response:
        """Render the error as an HTTP answer."""
        body = json.dumps(
            {
                "statusCode": str(self.status),
                "error": self.error,
                "message": self.message,
                "code": self.code,
            }
        ).encode()
        return whole(self.http, body, UNSTORED, *self.headers)


def no_such_bucket() -> StorageError:
    """Build the refusal of a bucket that is not there, or not the caller's to know."""
    return StorageError(
        404, "NoSuchBucket", "Bucket not found", error="Bucket not found"
    )


def no_such_key() -> StorageError:
    """Build the refusal of an object that is absent or not the caller's to see."""
    return StorageError(404, "NoSuchKey", "Object not found", error="not_found")


def access_denied(message: str) -> StorageError:
    """Build the refusal of a call that the policies do not allow."""
    return StorageError(403, "AccessDenied", message, error="Unauthorized")


def invalid_request(message: str) -> StorageError:
    """Build the refusal of a call that lacks something."""
    return StorageError(400, "InvalidRequest", message)


def invalid_key(name: str) -> StorageError:
    """Build the refusal of an object name."""
    return StorageError(400, "InvalidKey", f"Invalid key: {name[:200]}")


def invalid_mime_type(media_type: str) -> StorageError:
    """Build the refusal of a type that the bucket does not take."""
    return StorageError(
        415,
        "InvalidMimeType",
        f"mime type {media_type[:100]} is not supported",
        error="invalid_mime_type",
    )


def too_large(what: str = "object") -> StorageError:
    """Build the refusal of more bytes than are allowed."""
    return StorageError(
        413,
        "EntityTooLarge",
        f"The {what} exceeded the maximum allowed size",
        error="Payload too large",
    )


def unknown_route(method: str, path: str) -> StorageError:
    """Build the refusal of what is not served here."""
    return StorageError(
        404,
        "NotFound",
        f"Route {method}:{path[:200]} not found",
        error="Not Found",
        http=404,
    )


def not_configured(message: str) -> StorageError:
    """Build the refusal of an installation without storage."""
    return StorageError(501, "NotSupported", message, http=501)


def unavailable(message: str) -> StorageError:
    """Build the refusal of a database or a store that is away for now."""
    return StorageError(
        503, "ServiceUnavailable", message, http=503, headers=[RETRY_AFTER]
    )


def timed_out() -> StorageError:
    """Build the refusal of a database that is too slow, with Storage's own status."""
    return StorageError(
        544,
        "DatabaseTimeout",
        "The connection to the database timed out",
        http=544,
    )


def internal() -> StorageError:
    """Build the answer to a fault of ours."""
    return StorageError(500, "InternalError", "Internal server error", http=500)


def from_api_error(error: ApiError) -> StorageError:
    """Say in Storage's words what the rest of the gateway refused."""
    if error.status in (401, 403):
        message = CREDENTIALS.get(error.message, error.message)
        if error.message.startswith("Expected 3 parts"):
            message = "Invalid Compact JWS"
        return access_denied(message)
    if error.status == 413:
        return too_large("request body")
    if error.status == 504:
        return timed_out()
    if error.status == 503:
        return unavailable(error.message)
    if error.status >= 500:
        return internal()
    return invalid_request(error.message)
