"""Puts the API together: routes under `/api/v1`, one error form, a token where the API is not on loopback."""

from fastapi import FastAPI

from fleet.api import deployment, records, registry
from fleet.api.errors import add_handlers
from fleet.api.guard import TokenGuard
from fleet.errors import NotFoundError
from fleet.operations import Operations

PREFIX = "/api/v1"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OPEN_PATHS = (f"{PREFIX}/health", f"{PREFIX}/enroll")
"""Asked without the token: the first says nothing secret, the second has its own one-time token."""

DESCRIPTION = """The control plane of a fleet of devices that run signed WebAssembly components.

Names are 1 to 32 of a-z, 0-9 and '-'. Times are Unix times in milliseconds. Digests and keys are hex. Errors are
`{"error": {"code", "message"}}`."""


def make_app(fleet: Operations, token: str | None = None) -> FastAPI:
    """The API of a fleet. With a token, every request but those of `OPEN_PATHS` must carry it."""
    app = FastAPI(
        title="Petiole fleet",
        version="1",
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.fleet = fleet
    for routes in (registry.router, deployment.router, records.router):
        app.include_router(routes, prefix=PREFIX)
    app.add_api_route("/api/{path:path}", _no_such_path, methods=list(METHODS), include_in_schema=False)
    add_handlers(app)
    if token is not None:
        app.add_middleware(TokenGuard, token=token, open_paths=OPEN_PATHS)
    return app


def _no_such_path(path: str) -> None:
    """Answers for the API where it has nothing, so that the dashboard's own page for it does not."""
    raise NotFoundError("no-such-path", f"there is nothing at /api/{path}; see /api/openapi.json for what there is")
