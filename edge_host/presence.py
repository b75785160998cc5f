"""How the agent shows itself on its machine: to systemd, at its socket, and to Prometheus where that is wished."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from edge_host.notify import Notifier
from edge_host.status import Status
from edge_host.status_server import StatusServer, socket_file

if TYPE_CHECKING:
    from edge_host.metrics import MetricsServer

log = logging.getLogger(__name__)


class Presence:
    """An asynchronous context: what cannot listen is logged and does without; workloads do not depend on it."""

    def __init__(self, state: Path, metrics: tuple[str, int] | None, status: Status) -> None:
        self._status = status
        self._notifier = Notifier.from_environment()
        answers: dict[str, Callable[[], object]] = {"status": status, "metrics": self._metrics}
        self._servers: list[StatusServer | MetricsServer] = [StatusServer(socket_file(state), answers)]
        if metrics is not None:
            from edge_host.metrics import MetricsServer  # noqa: PLC0415 - on request

            self._servers.append(MetricsServer(*metrics, self._metrics))
        self._feeding: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        for server in self._servers:
            try:
                await server.start()
            except OSError as error:
                log.error("%s does not listen: %s", type(server).__name__, error)
        self._feeding = asyncio.create_task(self._notifier.feed(self._status.line), name="watchdog")
        return self

    def _metrics(self) -> str:
        from edge_host.metrics import render  # noqa: PLC0415 - on request

        return render(self._status())

    def ready(self) -> None:
        """All workloads are back."""
        self._notifier.ready()
        self._notifier.status(self._status.line())

    def stopping(self) -> None:
        """The agent was asked to end."""
        self._notifier.stopping()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._feeding is not None:
            self._feeding.cancel()
        for server in self._servers:
            await server.close()
