"""Asks a nats-server whether it is well, at the monitoring port of its configuration (`http`, on loopback)."""

import http.client
import socket

from fleet.settings import LOOPBACK

ANSWER_S = 3.0
FAILURES = 3
"""So many bad answers in a row count: a busy machine, and a server that reads large streams, may be slow once."""

PATH = "/healthz?js-enabled-only=true"


class Health:
    """Belongs to one thread. A server that was started again is given three times as long for its first good answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._failures = 0
        self._was_well = True
        self.problem = ""

    def begin(self) -> None:
        """The server is started anew."""
        self._failures, self._was_well = 0, False

    def is_hung(self) -> bool:
        """Ask once; true when it has not been well for several times in a row."""
        self.problem = self._ask()
        if not self.problem:
            self._failures, self._was_well = 0, True
            return False
        self._failures += 1
        return self._failures >= (FAILURES if self._was_well else 3 * FAILURES)

    def _ask(self) -> str:
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=ANSWER_S)
        try:
            connection.request("GET", PATH)
            answer = connection.getresponse()
            said = answer.read(200).decode("utf-8", "replace")
            return "" if answer.status == http.HTTPStatus.OK else f"{answer.status} {said}"
        except (OSError, http.client.HTTPException) as error:
            return str(error) or type(error).__name__
        finally:
            connection.close()


def free_monitor_port() -> int:
    """A port of loopback for the configuration."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
