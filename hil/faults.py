"""Faults that a test brings about in a running firmware, through a debugger (`hil.gdb`).

A guest cannot hang a board's main loop, so a test of the watchdog needs another way in: the processor is sent into an
endless loop in RAM. Its interrupts go on, and nothing in the firmware knows of it.
"""

from dataclasses import dataclass

from hil.emulator import Emulator, free_port
from hil.errors import RigError
from hil.gdb import Gdb
from hil.qmp import Qmp


@dataclass(frozen=True)
class Processor:
    """GDB's numbers of two registers, and the instruction that jumps to itself."""

    stack: int
    counter: int
    loop: bytes


PROCESSORS = {
    "cortex-m33": Processor(stack=13, counter=15, loop=b"\xfe\xe7"),
    "rv32imac": Processor(stack=2, counter=32, loop=b"\x01\xa0"),
}
"""By `chip.core` of a board's file."""

BELOW_STACK = 4096
"""How far below the stack's end the loop lies, bytes: further than any interrupt handler reaches."""


def hang(emulator: Emulator) -> int:
    """Send the processor into an endless loop; the loop's address."""
    core = emulator.board.chip.core
    if core not in PROCESSORS:
        raise RigError(f"it is not known how to hang a {core}", where=emulator.board.name)
    processor = PROCESSORS[core]
    with _debugger(emulator) as debugger:
        place = (debugger.register(processor.stack) - BELOW_STACK) & ~3
        debugger.write(place, processor.loop)
        debugger.set_register(processor.counter, place)
    return place


def _debugger(emulator: Emulator) -> Gdb:
    port = free_port()
    with Qmp(emulator.qmp) as qmp:
        qmp.execute("human-monitor-command", **{"command-line": f"gdbserver tcp:127.0.0.1:{port}"})
    return Gdb(port)
