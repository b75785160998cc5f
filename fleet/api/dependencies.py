"""What the routes share: the fleet itself, paging parameters, and descriptions of errors."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel

from fleet.api.errors import ErrorAnswer
from fleet.operations import Operations

MAX_PAGE = 10_000


class RevisionAnswer(BaseModel):
    """The device's new revision; it is reached when the device reports it."""

    revision: int


def _operations(request: Request) -> Operations:
    fleet: Operations = request.app.state.fleet
    return fleet


Fleet = Annotated[Operations, Depends(_operations)]
DeviceName = Annotated[str, Path(description="Name of the device.", examples=["an505-1"])]
WorkloadName = Annotated[str, Path(description="Name of the workload.", examples=["thermometer"])]
WorkloadFilter = Annotated[str | None, Query(description="Only of this workload.")]
After = Annotated[
    int | None,
    Query(ge=0, description="Only rows with an `id` above this, oldest first; without it the newest `limit` rows."),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="At most this many rows.")]
Force = Annotated[bool, Query(description="Let it through although the fleet would refuse it; the device decides.")]


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's description of error answers with these statuses."""
    return {status: {"model": ErrorAnswer} for status in statuses}
