"""What the fleet has stored: readings of a device, asked for through the command."""

from typing import Any

from petiole.demo.stage import Stage


def readings(stage: Stage, device: str, after: int = 0) -> list[dict[str, Any]]:
    """The stored temperatures of a device with a row id above `after`, in the order they were stored."""
    arguments = ("telemetry", device, "--name", "temperature", "--after", str(after), "--limit", "10000")
    return list(stage.fleet(*arguments))


def newest_id(stage: Stage, device: str) -> int:
    """Row id of the newest stored reading, 0 if there is none."""
    return max((row["id"] for row in readings(stage, device)), default=0)


def gaps_and_doubles(rows: list[dict[str, Any]]) -> tuple[int, int]:
    """Counts sequence numbers that are missing and that occur twice, over all epochs of the rows."""
    gaps = doubles = 0
    for epoch in {row["epoch"] for row in rows}:
        numbers = [row["seq"] for row in rows if row["epoch"] == epoch]
        gaps += max(numbers) - min(numbers) + 1 - len(set(numbers))
        doubles += len(numbers) - len(set(numbers))
    return gaps, doubles
