"""Routes on stored records: events and telemetry."""

from typing import Annotated

from fastapi import APIRouter, Query

from fleet.api.dependencies import After, DeviceName, Fleet, Limit, WorkloadFilter, errors
from fleet.views import EventView, MeasurementView

router = APIRouter(tags=["records"], responses=errors(404))


@router.get("/devices/{device}/events")
def list_events(
    fleet: Fleet,
    device: DeviceName,
    *,
    kind: Annotated[list[str] | None, Query(description="Only of these kinds, for example `log`.")] = None,
    level: Annotated[list[str] | None, Query(description="Log lines only of these levels.")] = None,
    workload: WorkloadFilter = None,
    after: After = None,
    limit: Limit = 1000,
) -> list[EventView]:
    """Stored events, oldest `id` first. To follow, ask again with the last `id` as `after`."""
    return fleet.events(device, kinds=kind, levels=level, workload=workload, after=after, limit=limit)


@router.get("/devices/{device}/telemetry")
def list_telemetry(
    fleet: Fleet,
    device: DeviceName,
    *,
    name: Annotated[str | None, Query(description="Only measurements of this name, for example `temperature`.")] = None,
    workload: WorkloadFilter = None,
    after: After = None,
    limit: Limit = 1000,
) -> list[MeasurementView]:
    """Stored measurements, oldest `id` first. To follow, ask again with the last `id` as `after`.

    Rows arrive in another order than they were measured when a device was offline: `time` is the time of measuring.
    """
    return fleet.telemetry(device, name=name, workload=workload, after=after, limit=limit)
