"""A bad network between two network namespaces, with the TCP of the kernel on both sides.

Each namespace has a TUN device; packets go from one to the other through `Wire`, which delays, loses, duplicates and
reorders them. Where the kernel has netem, that does so and `Wire` only passes them on.

A network for loopback addresses alone: the brokers may not listen elsewhere without TLS. The far side is `FAR` for the
near one, and the other way round.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import math
import os
import random
import select
import shutil
import struct
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

NEAR, FAR = "127.0.0.3", "127.0.0.2"
MTU = 1400
QUEUE_BYTES = 64 * 1024
"""What waits for a slow line; more is dropped, as by a router."""

_TUN = Path("/dev/net/tun")
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


class UnavailableError(Exception):
    """This machine does not let us make such a network; the text says what is missing."""


@dataclass(frozen=True)
class Impairment:
    """What a line does to packets in one direction: seconds, parts of one, bits a second."""

    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    rate: float | None = None

    def netem(self) -> list[str]:
        """The same as arguments of ``tc ... netem``; its queue counts packets, those on their way too."""
        words = ["delay", f"{self.delay * 1000:g}ms", f"{self.jitter * 1000:g}ms"]
        for name in ("loss", "duplicate", "reorder"):
            if share := getattr(self, name):
                words += [name, f"{share * 100:g}%"]
        if self.rate is None:
            return words
        on_their_way = self.rate / 8 * (self.delay + self.jitter)
        limit = math.ceil((QUEUE_BYTES + on_their_way) / MTU)
        return [*words, "rate", f"{self.rate:.0f}bit", "limit", str(limit)]


GOOD = Impairment()
BLACKHOLE = Impairment(loss=1.0)
"""Packets vanish, and nobody is told."""

GSM = Impairment(delay=0.6, jitter=0.1, loss=0.05, rate=9_600)
TWO_G = Impairment(delay=0.4, jitter=0.1, loss=0.05, rate=50_000)
SATELLITE = Impairment(delay=0.3, jitter=0.02, loss=0.01, rate=500_000)
MESSY = Impairment(delay=0.05, jitter=0.04, loss=0.02, duplicate=0.05, reorder=0.1)


class Netem:
    """The kernel's own impairment of two devices, of packets that leave them."""

    def __init__(self, *places: tuple[list[str], str]) -> None:
        """`places` are what goes before a command that is to run beside a device, and the device."""
        self._places = places

    def impair(self, *lines: Impairment) -> None:
        """One for each device; raises `UnavailableError` where the kernel has no netem."""
        if shutil.which("tc") is None:
            raise UnavailableError("the program tc is missing")
        for (inside, name), line in zip(self._places, lines, strict=True):
            command = ["tc", "qdisc", "replace", "dev", name, "root", "netem", *line.netem()]
            done = subprocess.run([*inside, *command], capture_output=True, check=False)
            if done.returncode:
                raise UnavailableError(f"{' '.join(command)}: {done.stderr.decode().strip()}")


def netem_at(*places: tuple[list[str], str]) -> Netem | None:
    """netem at these devices, which does nothing yet; None where the kernel does not have it."""
    found = Netem(*places)
    try:
        found.impair(*(GOOD for _ in places))
    except UnavailableError:
        return None
    return found


class _Direction:
    """Packets from one device to the other."""

    def __init__(self, source: int, target: int, dice: random.Random) -> None:
        self.source = source
        self.passed = self.dropped = self.bytes = 0
        self.impairment = GOOD
        self._target = target
        self._dice = dice
        self._free_at = 0.0
        self._waiting: list[tuple[float, int, bytes]] = []
        self._count = 0

    def take(self, now: float) -> None:
        """Read one packet and decide what becomes of it."""
        packet = os.read(self.source, 65_536)
        line = self.impairment
        if self._dice.random() < line.loss or (line.rate and (self._free_at - now) * line.rate > QUEUE_BYTES * 8):
            self.dropped += 1
            return
        for _ in range(2 if self._dice.random() < line.duplicate else 1):
            at = now
            if line.rate:
                at = self._free_at = max(now, self._free_at) + len(packet) * 8 / line.rate
            if self._dice.random() >= line.reorder:
                at += max(0.0, line.delay + self._dice.uniform(-line.jitter, line.jitter))
            self._count += 1
            heapq.heappush(self._waiting, (at, self._count, packet))

    def pass_on(self, now: float) -> float:
        """Write what is due; gives the seconds until more is."""
        while self._waiting and self._waiting[0][0] <= now:
            with contextlib.suppress(OSError):  # the device is full or down
                self.bytes += os.write(self._target, heapq.heappop(self._waiting)[2])
                self.passed += 1
        return self._waiting[0][0] - now if self._waiting else 1.0


class Wire:
    """Two namespaces with a line between them, until `close`; raises `UnavailableError`."""

    def __init__(self, seed: int = 1) -> None:
        self._holders: list[subprocess.Popen[bytes]] = []
        self._devices: list[int] = []
        self._closing = False
        try:
            names = [f"pt{os.getpid() % 100_000}{side}" for side in "nf"]
            self._devices = [_tun(name) for name in names]
            self._holders = [_namespace() for _ in names]
            for name, holder, own, other in zip(names, self._holders, (NEAR, FAR), (FAR, NEAR), strict=True):
                _run("ip", "link", "set", name, "netns", str(holder.pid))
                self._inside(holder, name, own, other)
        except (OSError, subprocess.CalledProcessError) as error:
            self.close()
            raise UnavailableError(f"no network of our own: {_reason(error)}") from None
        self.kernel = netem_at((self.near(), names[0]), (self.far(), names[1]))
        near, far = self._devices
        self.there = _Direction(near, far, random.Random(seed))
        self.back = _Direction(far, near, random.Random(seed + 1))
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def near(self) -> list[str]:
        """What goes before a command that is to run at the near side."""
        return _in_namespace(self._holders[0])

    def far(self) -> list[str]:
        """What goes before a command that is to run at the far side."""
        return _in_namespace(self._holders[1])

    def impair(self, there: Impairment, back: Impairment | None = None) -> None:
        """From now on the line is like this; `back` is the way from the far side to the near one."""
        back = there if back is None else back
        if self.kernel is not None:
            self.kernel.impair(there, back)
        else:
            self.there.impairment, self.back.impairment = there, back

    def close(self) -> None:
        """End both namespaces."""
        self._closing = True
        if hasattr(self, "_thread"):
            self._thread.join()
        for device in self._devices:
            os.close(device)
        for holder in self._holders:
            holder.kill()
            holder.wait()

    def _inside(self, holder: subprocess.Popen[bytes], name: str, own: str, other: str) -> None:
        """Take the other side's loopback address away from this side's own loopback, and route it over the line."""
        inside = _in_namespace(holder)
        for command in (
            "ip addr add 127.0.0.1/32 dev lo",
            "ip link set lo up",
            "ip addr del 127.0.0.1/8 dev lo",
            f"ip addr add {own}/32 dev {name}",
            f"ip link set {name} mtu {MTU} up",
        ):
            _run(*inside, *command.split())
        setting = f"/proc/sys/net/ipv4/conf/{name}/route_localnet"
        _run(*inside, "sh", "-c", f"echo 1 > {setting}")
        _run(*inside, "ip", "route", "add", f"{other}/32", "dev", name, "src", own)

    def _carry(self) -> None:
        ways = {self.there.source: self.there, self.back.source: self.back}
        pause = 0.0
        while not self._closing:
            readable, _, _ = select.select(list(ways), [], [], max(0.0, min(pause, 0.1)))
            for source in readable:
                with contextlib.suppress(OSError):
                    ways[source].take(time.monotonic())
            pause = min(way.pass_on(time.monotonic()) for way in ways.values())


def _tun(name: str) -> int:
    if not _TUN.exists():
        raise OSError(f"{_TUN} is missing (modprobe tun)")
    descriptor = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _namespace() -> subprocess.Popen[bytes]:
    """A process that does nothing in a network namespace of its own, which ends with it and with us."""
    for tool in ("unshare", "nsenter", "ip"):
        if shutil.which(tool) is None:
            raise OSError(f"the program {tool} is missing")
    here = Path("/proc/self/ns/net").readlink()
    holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    inside = Path(f"/proc/{holder.pid}/ns/net")
    while holder.poll() is None:
        with contextlib.suppress(OSError):
            if inside.readlink() != here:
                return holder
        time.sleep(0.01)
    assert holder.stderr is not None
    raise OSError(holder.stderr.read().decode().strip())


def _in_namespace(holder: subprocess.Popen[bytes]) -> list[str]:
    return ["nsenter", "--target", str(holder.pid), "--net"]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _reason(error: OSError | subprocess.CalledProcessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"{' '.join(error.cmd)}: {error.stderr.decode().strip()}"
    return str(error)
