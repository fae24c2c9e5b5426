"""The way in: who calls, which tenant's storage answers, and refusals in one shape."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import unquote

from gateway.errors import ApiError
from gateway.messages import ClientGoneError
from gateway.storage.errors import (
    StorageError,
    from_api_error,
    internal,
    invalid_request,
    unavailable,
)
from gateway.storage.messages import segments
from gateway.storage.signing import Signer, check_path

if TYPE_CHECKING:
    from gateway.messages import Response
    from gateway.settings import Settings
    from gateway.storage.messages import StorageRequest
    from gateway.storage.signing import Grant
    from gateway.tenants import Tenants
    from gateway.tokens import Tokens

logger = logging.getLogger("gateway.storage")

PREFIX = b"/storage/v1/"


class StorageFront:
    """Answer the calls under `/storage/v1/`."""

    def __init__(self, tenants: Tenants, tokens: Tokens, settings: Settings) -> None:
        self._tenants = tenants
        self._tokens = tokens
        # An upstream's signed URLs are its own to verify.
        self._signer = Signer(settings.storage_secret) if settings.storage_url else None

    async def respond(self, request: StorageRequest) -> Response:
        """Answer one call; never raises but for a client that is gone."""
        try:
            return await self._respond(request)
        except StorageError as error:
            refusal = error
        except ApiError as error:
            refusal = from_api_error(error)
        except OSError as error:
            _log(logging.ERROR, "store failed", request, reason=type(error).__name__)
            refusal = unavailable("The store cannot be used")
        except ClientGoneError:
            raise
        except Exception:
            logger.exception(
                "bug", extra={"fields": {"request_id": request.request_id}}
            )
            refusal = internal()
        if refusal.http >= 500:
            _log(logging.ERROR, "failed", request, code=refusal.code)
        return refusal.response()

    async def _respond(self, request: StorageRequest) -> Response:
        grant = self._grant(request)
        if grant is None:
            identity = await self._tokens.identify(request.header(b"authorization"))
        else:
            identity = grant.signer
        route = await self._tenants.resolve(identity)
        return await route.storage.respond(request, identity, grant)

    def _grant(self, request: StorageRequest) -> Grant | None:
        """Return what a signed URL allows, None for a call that is none.

        Before the tenant is known: whose it is says the signer.

        :raises StorageError: for a token that is not good for this object.
        """
        if self._signer is None:
            return None
        match [request.method, *segments(request.path)]:
            case ["GET" | "HEAD", "object", "sign", _, _, *_] as call:
                purpose, path = "download", "/".join(call[3:])
            case ["PUT", "object", "upload", "sign", _, _, *_] as call:
                purpose, path = "upload", "/".join(call[4:])
            case _:
                return None
        token = request.parameter("token")
        if not token:
            raise invalid_request("querystring must have required property 'token'")
        grant = self._signer.verify(
            "download" if purpose == "download" else "upload", token
        )
        # storage-js encodes what is encoded; no name has a percent sign.
        check_path(grant, unquote(path))
        return grant


def _log(level: int, message: str, request: StorageRequest, **more: object) -> None:
    fields = {"method": request.method, "request_id": request.request_id, **more}
    logger.log(level, message, extra={"fields": fields})
