"""Sizes of built firmware.

`python sizes.py [BOARD ...]` prints JSON for the boards, all by default; they must have been built:
`{"qemu-an505": {"flash": bytes, "ram": bytes, "heap": bytes, "stack": bytes}}`, where `flash` is code, constants and
initial data, `ram` is static data without the heap, and `stack` is what is left over for the stack.
"""

import json
import sys
from pathlib import Path
from typing import Any

import board_files
import cargo
from elf import Elf, ElfError


def of(board: dict[str, Any], elf: Elf) -> dict[str, int]:
    """The sizes of one firmware in bytes."""
    heap = int(board["memory"]["heap"])
    return {
        "flash": elf.flash,
        "ram": elf.ram - heap,
        "heap": heap,
        "stack": int(board["memory"]["ram"]) - elf.ram,
    }


def table(board: dict[str, Any], elf: Elf) -> str:
    """The sizes for people, with what the board offers to workloads."""
    sizes = of(board, elf)
    lines = [f"{'section':<16}{'bytes':>10}  in"]
    for section in elf.sections:
        places = " and ".join(name for name, there in (("flash", section.in_flash), ("RAM", section.in_ram)) if there)
        lines.append(f"{section.name:<16}{section.size:>10}  {places}")
    workloads = board["workloads"]
    lines += [
        "",
        f"flash {sizes['flash']} of {board['firmware']['max_flash']} bytes",
        f"RAM   {sizes['ram']} static + {sizes['heap']} heap + {sizes['stack']} stack = {board['memory']['ram']} bytes",
        f"slots {workloads['count']} workloads, two slots of {workloads['slot']} bytes each",
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Prints the JSON; returns the exit code."""
    found = {}
    try:
        for name in arguments or board_files.names():
            board = board_files.load(name)
            path = cargo.elf_path(board)
            if not path.is_file():
                raise board_files.BoardError(f"{name} is not built; run `petiole board build {name}` first")
            found[name] = of(board, Elf.read(Path(path)))
    except (board_files.BoardError, ElfError) as error:
        print(f"sizes: {error}", file=sys.stderr)
        return 1
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
