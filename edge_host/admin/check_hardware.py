"""Doctor: device nodes, their groups and libraries, and who holds the boards' ports."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from edge_host.admin import hardware
from edge_host.admin.findings import BAD, OK, WARN, Finding, Person
from edge_host.boards.usb import KernelPorts, UsbPort, is_board
from edge_host.config import Config
from edge_host.config_labels import GPIO, I2C, SPI
from wire import port_lock

LIBRARIES = {I2C: "smbus2", SPI: "spidev", GPIO: "gpiod"}
ENABLE = {
    "i2c": "switch the bus on: sudo raspi-config nonint do_i2c 0, or load the module: modprobe i2c-dev",
    "spi": "switch the bus on: sudo raspi-config nonint do_spi 0, or enable spidev in the device tree",
    "gpio": "list the chips with: gpiodetect",
    "dialout": "list the ports with: ls -l /dev/serial/by-id",
}
GRABBERS = {
    "ModemManager": "it speaks to every new serial port: systemctl disable --now ModemManager",
    "brltty": "it takes serial adapters for Braille displays: apt-get remove brltty",
    "gpsd": "it may take serial adapters for GPS receivers: set USBAUTO=false in /etc/default/gpsd",
}
"""Programs that are known to take ports, and what to do."""


def labels(config: Config, person: Person) -> Iterator[Finding]:
    """Whether the hardware of each label is there and may be opened."""
    for label in config.labels.values():
        library = LIBRARIES.get(label.interface)
        if label.backend == "linux" and library and find_spec(library) is None:
            advice = "pip install 'petiole[devices]'"
            yield Finding("labels", BAD, f"label {label.name} needs the library {library}", advice)
    for node in hardware.nodes(config):
        yield _node(node, person)
    if hardware.uses_pwm(config) and not any(Path("/sys/class/pwm").glob("pwmchip*")):
        advice = "enable it in the device tree, for example dtoverlay=pwm in /boot/firmware/config.txt"
        yield Finding("labels", BAD, "there is no PWM chip in /sys/class/pwm", advice)
    for group in sorted(set(hardware.groups(config)) - _known_groups()):
        advice = f"sudo groupadd --system {group}, and a udev rule that gives the nodes to it"
        yield Finding("labels", WARN, f"there is no group {group} on this machine", advice)


def _node(node: hardware.Node, person: Person) -> Finding:
    try:
        status = node.path.stat()
    except OSError:
        advice = ENABLE.get(node.group or "", "is the device attached, and its driver loaded?")
        return Finding("labels", BAD, f"{node.used_by}: {node.path} is not there", advice)
    if not stat.S_ISCHR(status.st_mode):
        return Finding("labels", BAD, f"{node.used_by}: {node.path} is no device", "correct the configuration")
    if not person.may(node.path, 6):
        group = node.group or "of the device"
        advice = f"sudo adduser {person.name} {group}, or as a service: sudo petiole agent install"
        return Finding("labels", BAD, f"{node.used_by}: {person.name} may not open {node.path}", advice)
    return Finding("labels", OK, f"{node.used_by}: {node.path} can be opened")


def ports(config: Config, found: list[UsbPort] | None = None, proc: Path = Path("/proc")) -> Iterator[Finding]:
    """Who holds the ports of boards, and which ports boards without one can be at."""
    names = {board.port: board.name for board in config.boards if board.port is not None}
    for port, name in names.items():
        yield from _holder(port, name, proc)
    if names or any(board.port is None for board in config.boards):
        running = _running(proc)
        for program, advice in GRABBERS.items():
            if program[:15] in running:
                yield Finding("ports", WARN, f"{program} runs on this machine", advice)
    searched = [board for board in config.boards if board.port is None]
    if not searched:
        return
    seen = KernelPorts().list() if found is None else found
    usable = [port for port in seen if is_board(port) or any(board.usb == port.id for board in searched)]
    for one in usable:
        yield from _holder(one.path, "some board", proc)
    if len(usable) < len(searched):
        missing = ", ".join(board.name for board in searched)
        others = ", ".join(map(str, (port for port in seen if port not in usable)))
        advice = (
            f'plug it in; a board behind an adapter needs usb = "VID:PID" in its table; other ports: {others or "none"}'
        )
        yield Finding("ports", WARN, f"{len(usable)} USB ports for {len(searched)} boards ({missing})", advice)


def _holder(port: str, name: str, proc: Path) -> Iterator[Finding]:
    try:
        port_lock.release(port_lock.take(port_lock.port_lock_file(port), "petiole agent doctor"))
    except port_lock.HeldError as error:
        yield Finding("ports", OK, f"board {name}: {port} is used by {error.holder}")
        return
    except OSError as error:
        advice = f"remove {port_lock.port_lock_file(port)}"
        yield Finding("ports", WARN, f"board {name}: the lock of {port} cannot be taken: {error.strerror}", advice)
    if "://" in port:
        return
    consoles = (proc / "cmdline").read_text(encoding="utf-8", errors="replace") if (proc / "cmdline").exists() else ""
    if any(f"console={Path(os.path.realpath(port)).name}" in word for word in consoles.split()):
        advice = "take console=... out of /boot/firmware/cmdline.txt (raspi-config, serial port: no login shell)"
        yield Finding("ports", BAD, f"board {name}: {port} is the kernel's console", advice)
    holders = [f"{program} (process {number})" for number, program in _holders(port, proc)]
    if holders:
        yield Finding("ports", BAD, f"board {name}: {port} is open in {', '.join(holders)}", "stop it")


def _holders(port: str, proc: Path) -> Iterator[tuple[int, str]]:
    """The processes, as far as this user may see them, that have the port open."""
    place = os.path.realpath(port)
    for folder in proc.glob("[0-9]*"):
        try:
            open_there = any(os.path.realpath(link) == place for link in (folder / "fd").iterdir())
            if open_there and folder.name != str(os.getpid()):
                yield int(folder.name), (folder / "comm").read_text(encoding="utf-8").strip()
        except OSError:
            continue


def _running(proc: Path) -> set[str]:
    names = set()
    for folder in proc.glob("[0-9]*"):
        try:
            names.add((folder / "comm").read_text(encoding="utf-8").strip())
        except OSError:
            continue
    return names


def _known_groups() -> set[str]:
    import grp  # noqa: PLC0415

    return {group.gr_name for group in grp.getgrall()}
