"""Tells systemd how the agent is (sd_notify(3)): READY, WATCHDOG, STATUS and STOPPING as datagrams to a Unix socket.

The watchdog is fed from the event loop, by nothing else: an agent whose loop hangs is started again by systemd. Without
``NOTIFY_SOCKET`` in the environment nothing is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

FEEDS_A_DEADLINE = 3
"""How often the watchdog is fed within the time that systemd waits for it."""


class Notifier:
    """One service manager; belongs to the event loop's thread."""

    def __init__(self, address: str | None, watchdog_seconds: float | None = None) -> None:
        """`address` is the path of a Unix datagram socket, an abstract one with ``@`` first; None tells nobody."""
        self._address = address
        self._told = ""
        self.watchdog_seconds = watchdog_seconds if address else None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Notifier:
        """The manager that started this process, as ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC`` say."""
        meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        try:
            seconds = int(environment["WATCHDOG_USEC"]) / 1e6 if meant else None
        except (KeyError, ValueError):
            seconds = None
        return cls(environment.get("NOTIFY_SOCKET"), seconds if seconds else None)

    def ready(self) -> None:
        """All that was there before runs again."""
        self._send("READY=1")

    def stopping(self) -> None:
        """The agent was asked to end."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``; the same one is sent once."""
        if text != self._told:
            self._told = text
            self._send(f"STATUS={' '.join(text.split())}")

    async def feed(self, status: Callable[[], str]) -> None:
        """Feed the watchdog and keep the status line up to date, until cancelled."""
        pause = self.watchdog_seconds / FEEDS_A_DEADLINE if self.watchdog_seconds else None
        while self._address and pause:
            self._send("WATCHDOG=1")
            try:
                self.status(status())
            except Exception:
                log.exception("the status line cannot be made")
            await asyncio.sleep(pause)

    def _send(self, text: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)) as line:
            line.setblocking(False)
            try:
                line.sendto(text.encode(), address)
            except OSError as error:
                log.warning("the service manager at %s does not hear: %s", self._address, error)
