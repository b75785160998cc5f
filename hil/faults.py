"""Faults that a test brings about in a running firmware, through a debugger (`hil.gdb`).

A guest can neither hang a board's main loop nor crash its firmware, so tests of the watchdog and of what follows a
crash need another way in: the processor is sent to an instruction in RAM, below the stack. Nothing in the firmware
knows of it.
"""

from dataclasses import dataclass

from hil.emulator import Emulator
from hil.errors import RigError
from hil.gdb import Gdb


@dataclass(frozen=True)
class Processor:
    """GDB's numbers of two registers, instructions that let interrupts in and loop, and one that does not exist."""

    stack: int
    counter: int
    loop: bytes
    undefined: bytes


PROCESSORS = {
    "cortex-m33": Processor(stack=13, counter=15, loop=b"\xfe\xe7", undefined=b"\x00\xde"),
    "rv32imac": Processor(stack=2, counter=32, loop=b"\x73\x60\x04\x30\x01\xa0", undefined=b"\x00\x00"),
}
"""By `chip.core` of a board's file."""

BELOW_STACK = 4096
"""How far below the stack's end the instruction lies, bytes: further than an interrupt handler reaches."""


def hang(emulator: Emulator) -> int:
    """Send the processor into an endless loop; the loop's address."""
    return _send(emulator, _processor(emulator).loop)


def crash(emulator: Emulator) -> int:
    """Let the processor meet an instruction that it does not know; the instruction's address."""
    return _send(emulator, _processor(emulator).undefined)


def _processor(emulator: Emulator) -> Processor:
    core = emulator.board.chip.core
    if core not in PROCESSORS:
        raise RigError(f"it is not known how to break a {core}", where=emulator.board.name)
    return PROCESSORS[core]


def _send(emulator: Emulator, instruction: bytes) -> int:
    processor = _processor(emulator)
    with Gdb(emulator.debug_port()) as debugger:
        place = (debugger.register(processor.stack) - BELOW_STACK) & ~3
        debugger.write(place, instruction)
        debugger.set_register(processor.counter, place)
    return place
