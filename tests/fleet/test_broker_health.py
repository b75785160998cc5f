"""When a nats-server counts as hung: its answers at the monitoring port, one after the other."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from fleet.broker import health as module
from fleet.broker.health import Health
from tests.fleet.helpers import free_port


class Monitor(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(Monitor.status)
        self.end_headers()
        self.wfile.write(b'{"status": "unavailable"}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def monitor() -> Iterator[int]:
    Monitor.status = 200
    with http.server.HTTPServer(("127.0.0.1", 0), Monitor) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_only_bad_answers_in_a_row_count(monitor: int) -> None:
    health = Health(monitor)
    for statuses, hung in (((503, 503, 200), False), ((503, 503), False), ((503,), True)):
        for status in statuses:
            Monitor.status = status
            last = health.is_hung()
        assert last == hung
    assert "503" in health.problem


def test_no_answer_counts_too_and_a_new_start_gets_more_time() -> None:
    health = Health(free_port())
    health.begin()
    answers = [health.is_hung() for _ in range(3 * module.FAILURES)]
    assert answers == [False] * (3 * module.FAILURES - 1) + [True]
    assert health.problem
