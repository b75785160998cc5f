"""Routes on releases, on what runs where, and on commands."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, status
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from fleet.api.dependencies import DeviceName, Fleet, Force, Limit, RevisionAnswer, WorkloadFilter, WorkloadName, errors
from fleet.api.requests import Deployment, NewCommand, NewMessage
from fleet.errors import NoAnswerError
from fleet.services.clock import unix_ms
from fleet.services.plain import jsonable
from fleet.views import ReleaseView, TransitionView, WorkloadView

router = APIRouter()

BUNDLE = "application/octet-stream"
OPENAPI_BUNDLE = {"requestBody": {"content": {BUNDLE: {"schema": {"type": "string", "format": "binary"}}}}}


class CommandAnswer(BaseModel):
    """What a device answered."""

    id: str
    ok: bool
    result: Any
    error: str | None


@router.post("/releases", tags=["releases"], status_code=status.HTTP_201_CREATED, responses=errors(400, 409))
def add_release(fleet: Fleet, bundle: Annotated[bytes, Body(media_type=BUNDLE)], force: Force = False) -> ReleaseView:
    """Stores a bundle (a SUIT envelope with its code) after its signature and its code were checked.

    A refusal has the name of formats.md section 8 as its code, for example `bad-signature`.
    """
    return fleet.add_release(bundle, force=force)


@router.get("/releases", tags=["releases"])
def list_releases(fleet: Fleet) -> list[ReleaseView]:
    """All releases, newest first."""
    return fleet.releases()


@router.get("/releases/{release}", tags=["releases"], responses=errors(404))
def show_release(fleet: Fleet, release: str) -> ReleaseView:
    """One release, by the SHA-256 of its manifest."""
    return fleet.release(release)


@router.put("/devices/{device}/workloads/{workload}", tags=["deployment"], responses=errors(400, 404, 409))
def deploy(
    fleet: Fleet, device: DeviceName, workload: WorkloadName, deployment: Deployment, force: Force = False
) -> RevisionAnswer:
    """Wants a release on a device. `wrong-class` when it is made for another class of device."""
    return RevisionAnswer(revision=fleet.deploy(device, workload, deployment.release, force=force))


@router.delete("/devices/{device}/workloads/{workload}", tags=["deployment"], responses=errors(404))
def undeploy(fleet: Fleet, device: DeviceName, workload: WorkloadName) -> RevisionAnswer:
    """Wants a workload no longer on a device."""
    return RevisionAnswer(revision=fleet.undeploy(device, workload))


@router.get("/devices/{device}/workloads", tags=["deployment"], responses=errors(404))
def list_workloads(fleet: Fleet, device: DeviceName) -> list[WorkloadView]:
    """What the device reported last of its workloads."""
    return fleet.workloads(device)


@router.get("/devices/{device}/history", tags=["deployment"], responses=errors(404))
def history(
    fleet: Fleet, device: DeviceName, workload: WorkloadFilter = None, limit: Limit = 200
) -> list[TransitionView]:
    """The newest changes of state on the device, oldest first, at the device's time."""
    return fleet.history(device, workload, limit)


@router.post(
    "/devices/{device}/messages",
    tags=["devices"],
    status_code=status.HTTP_202_ACCEPTED,
    responses=errors(400, 404, 503),
)
def send_message(fleet: Fleet, device: DeviceName, message: NewMessage) -> None:
    """Sends a message to the guests of a device whose triggers fit. It is not kept: who does not listen misses it.

    What guests send to the fleet is found among the device's events, kind `message`.
    """
    fleet.send_message(device, message.guest_message())


@router.post("/devices/{device}/commands", tags=["devices"], responses=errors(404, 503, 504))
async def send_command(
    fleet: Fleet,
    device: DeviceName,
    command: NewCommand,
    seconds: Annotated[float, Query(gt=0, le=60, description="How long to wait for the answer.")] = 10,
) -> CommandAnswer:
    """Sends a command and waits for the device's answer; `no-answer` when none comes in time."""
    began = unix_ms()
    sent, future = await run_in_threadpool(fleet.send_command, device, command.command, command.args)
    try:
        reply = await asyncio.wait_for(asyncio.wrap_future(future), seconds)
    except TimeoutError as error:
        await run_in_threadpool(fleet.note_command, device, sent, sent=began, reply=None)
        message = f"{device} did not answer {command.command!r} within {seconds:g} s; is it online?"
        raise NoAnswerError("no-answer", message) from error
    await run_in_threadpool(fleet.note_command, device, sent, sent=began, reply=reply)
    return CommandAnswer(id=reply.id, ok=reply.ok, result=jsonable(reply.result), error=reply.error)
