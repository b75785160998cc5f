"""Lets only those in who know the fleet's token, where the API is open to a network.

Programs send `Authorization: Bearer TOKEN`; browsers ask their user once and send `Basic` with the token as password.
The guard stands before everything, the dashboard's WebSocket included.
"""

import base64
import binascii
import hmac
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fleet.api.errors import error_response

CHALLENGE = 'Basic realm="petiole fleet, token as password", charset="UTF-8"'


class TokenGuard:
    """ASGI middleware that asks for the token on every path but the `open_paths`."""

    def __init__(self, app: ASGIApp, token: str, open_paths: Collection[str]) -> None:
        self._app = app
        self._token = token.encode()
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers 401 (a WebSocket is closed before it opens)."""
        if scope["type"] == "lifespan" or scope["path"] in self._open_paths or self._knows_token(Headers(scope=scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._refusal()(scope, receive, send)

    def _knows_token(self, headers: Headers) -> bool:
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        given = credentials.strip().encode()
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).partition(b":")[2]
            except binascii.Error:
                return False
        elif scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(given, self._token)

    def _refusal(self) -> Response:
        message = "this needs the fleet's token: send it as `Authorization: Bearer TOKEN`"
        response = error_response(401, "unauthorized", message)
        response.headers["WWW-Authenticate"] = CHALLENGE
        return response
