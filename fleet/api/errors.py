"""Every error leaves the API in one form: `{"error": {"code", "message"}}` with a fitting status."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from fleet.errors import FleetError

log = logging.getLogger(__name__)


class ErrorBody(BaseModel):
    """What went wrong."""

    code: str = Field(description="Name of the error, for programs.")
    message: str = Field(description="What went wrong, where, and what to do next, for people.")


class ErrorAnswer(BaseModel):
    """Body of every answer with a status of 400 or more."""

    error: ErrorBody


def error_response(status: int, code: str, message: str) -> JSONResponse:
    """An error as it is sent."""
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)


async def fleet_error(_request: Request, error: Exception) -> JSONResponse:
    """An error of ours."""
    if not isinstance(error, FleetError):
        raise error
    return error_response(error.status, error.code, error.message)


async def invalid_request(_request: Request, error: Exception) -> JSONResponse:
    """A request that does not have the form that OpenAPI describes."""
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()]
    return error_response(
        422, "invalid-request", f"the request is not as described in /api/openapi.json: {'; '.join(faults)}"
    )


async def http_error(request: Request, error: Exception) -> JSONResponse:
    """No such path, or a method that it does not take."""
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "no-such-path", 405: "no-such-method"}.get(error.status_code, "http")
    return error_response(error.status_code, code, f"{request.method} {request.url.path}: {error.detail}")


async def unexpected(request: Request, error: Exception) -> JSONResponse:
    """A fault of the fleet itself: logged in full, told in short."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return error_response(500, "internal", "the fleet could not do this; its log says why")


def add_handlers(app: FastAPI) -> None:
    """Makes an application answer every error in the one form."""
    app.add_exception_handler(FleetError, fleet_error)
    app.add_exception_handler(RequestValidationError, invalid_request)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)
