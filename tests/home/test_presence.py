"""How a running agent shows itself: to systemd, at its socket, and to Prometheus."""

from __future__ import annotations

import json
import signal
import socket
import stat
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.home.conftest import Agent, Manager

NewAgent = Callable[..., Agent]


def ask(file: Path, *lines: bytes) -> list[dict[str, Any]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(20)
        line.connect(str(file))
        line.sendall(b"".join(lines))
        answers = line.makefile("rb")
        return [json.loads(answers.readline()) for _ in lines]


def test_systemd_hears_ready_then_the_watchdog_and_the_end(new_agent: NewAgent, manager: Manager) -> None:
    agent = new_agent(NOTIFY_SOCKET=str(manager.file), WATCHDOG_USEC="600000")
    said = [*manager.until("READY=1"), *manager.until("WATCHDOG=1"), *manager.until("WATCHDOG=1")]
    assert "STATUS=0 workloads, broker not connected" in said
    agent.process.send_signal(signal.SIGTERM)
    manager.until("STOPPING=1")
    assert agent.process.wait(30) == 0


def test_a_loop_that_hangs_does_not_feed_the_watchdog(new_agent: NewAgent, manager: Manager) -> None:
    agent = new_agent(NOTIFY_SOCKET=str(manager.file), WATCHDOG_USEC="300000")
    manager.until("READY=1")
    agent.process.send_signal(signal.SIGSTOP)
    manager._line.settimeout(1.0)
    with pytest.raises(TimeoutError):
        for _ in range(1000):  # what was on its way
            manager.next()
    agent.process.send_signal(signal.SIGCONT)
    manager._line.settimeout(30)
    manager.until("WATCHDOG=1")


def test_a_watchdog_meant_for_another_process_is_not_fed(new_agent: NewAgent, manager: Manager) -> None:
    agent = new_agent(NOTIFY_SOCKET=str(manager.file), WATCHDOG_USEC="100000", WATCHDOG_PID="1")
    said = manager.until("READY=1")
    agent.process.send_signal(signal.SIGTERM)
    assert "WATCHDOG=1" not in [*said, *manager.until("STOPPING=1")]


def test_a_manager_that_is_gone_is_no_reason_to_stop(new_agent: NewAgent, tmp_path: Path, manager: Manager) -> None:
    agent = new_agent(NOTIFY_SOCKET=str(manager.file), WATCHDOG_USEC="100000")
    manager.until("READY=1")
    manager.close()
    manager.file.unlink()
    assert ask(agent.state / "agent.sock", b'{"ask": "status"}\n')[0]["ok"]
    assert agent.stop() == 0


def test_the_socket_tells_the_status(new_agent: NewAgent, manager: Manager) -> None:
    agent = new_agent(NOTIFY_SOCKET=str(manager.file))
    manager.until("READY=1")
    file = agent.state / "agent.sock"
    assert stat.S_IMODE(file.stat().st_mode) == 0o660
    status, nonsense, no_json, no_map, metrics = ask(
        *(file, b'{"ask": "status"}\n', b'{"ask": "cake"}\n', b"cake\n", b"[[1]]\n", b'{"ask": "metrics"}\n')
    )
    answer = status["answer"]
    assert (answer["device"], answer["site"], answer["pid"]) == ("edge-1", "greenhouse", agent.process.pid)
    assert answer["broker"] == {"url": "mqtt://127.0.0.1:1", "connected": False}
    (member,) = answer["members"]
    assert (member["device"], member["kind"], member["attached"], member["workloads"]) == ("edge-1", "edge", True, [])
    assert [bad["ok"] for bad in (nonsense, no_json, no_map)] == [False] * 3
    assert "status|metrics" in nonsense["error"]
    assert "petiole_broker_connected 0\n" in metrics["answer"]
    assert agent.stop() == 0
    assert not file.exists()


def test_lines_without_end_and_connections_without_number_do_no_harm(new_agent: NewAgent, manager: Manager) -> None:
    agent = new_agent(NOTIFY_SOCKET=str(manager.file))
    manager.until("READY=1")
    file = agent.state / "agent.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(str(file))
        line.settimeout(20)
        with pytest.raises((ConnectionError, BrokenPipeError)):
            while True:
                line.sendall(b"x" * 65536)
    idle = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(40)]
    for line in idle:
        line.settimeout(20)
        line.connect(str(file))
    assert idle[-1].recv(1) == b""
    for line in idle:
        line.close()
    assert ask(file, b'{"ask": "status"}\n')[0]["ok"]


def test_prometheus_reads_metrics_where_the_configuration_says(new_agent: NewAgent, manager: Manager) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    new_agent(f'[metrics]\nlisten = "127.0.0.1:{port}"\n', NOTIFY_SOCKET=str(manager.file))
    manager.until("READY=1")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    names = [line.partition("{")[0].partition(" ")[0] for line in lines]
    assert {"petiole_info", "petiole_up_seconds", "petiole_memory_resident_bytes", "petiole_device_attached"} <= {
        *names
    }
    assert all(float(line.rpartition(" ")[2]) >= 0 for line in lines)
    assert 'petiole_outbox_appended_total{class="event"} ' in text
    assert text.count("# TYPE petiole_up_seconds gauge") == 1
    for path, code in (("/", 404), ("/metrics", 405)):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=b"" if code == 405 else None)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=20)  # noqa: S310
        assert caught.value.code == code


def test_a_metrics_port_in_use_does_not_hold_workloads_up(new_agent: NewAgent, manager: Manager) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        agent = new_agent(
            f'[metrics]\nlisten = "127.0.0.1:{taken.getsockname()[1]}"\n', NOTIFY_SOCKET=str(manager.file)
        )
        manager.until("READY=1")
    assert "MetricsServer does not listen" in agent.log.read_text()


def test_the_runtime_folder_of_systemd_holds_the_socket(new_agent: NewAgent, manager: Manager, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    new_agent(NOTIFY_SOCKET=str(manager.file), RUNTIME_DIRECTORY=str(run))
    manager.until("READY=1")
    assert ask(run / "agent.sock", b'{"ask": "status"}\n')[0]["ok"]
