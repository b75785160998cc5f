"""Reads 32-bit little-endian ELF files (System V ABI): the flash image inside, and what occupies flash and RAM."""

import struct
import sys
from dataclasses import dataclass
from pathlib import Path

_HEADER = struct.Struct("<16xHHIIIIIHHHHHH")
_SEGMENT = struct.Struct("<8I")
_SECTION = struct.Struct("<10I")
_PT_LOAD = 1
_SHT_PROGBITS = 1
_SHT_NOBITS = 8
_SHF_WRITE = 1
_SHF_ALLOC = 2


class ElfError(ValueError):
    """The file is not a firmware's ELF file; the text says why and names the file."""


@dataclass(frozen=True)
class Section:
    """One section: name, address at run time, size in bytes, and where its bytes live."""

    name: str
    address: int
    size: int
    in_flash: bool
    in_ram: bool


@dataclass(frozen=True)
class Elf:
    """The parts of an ELF file that matter for a flash image. Segments are (load address, bytes)."""

    segments: tuple[tuple[int, bytes], ...]
    sections: tuple[Section, ...]

    @classmethod
    def read(cls, path: Path) -> "Elf":
        """Reads a file. Raises ElfError when it is no 32-bit little-endian ELF, OSError when it cannot be read."""
        data = path.read_bytes()
        if data[:7] != b"\x7fELF\x01\x01\x01":
            raise ElfError(f"{path}: not a 32-bit little-endian ELF file")
        try:
            return cls(tuple(_segments(data)), tuple(_sections(data)))
        except (struct.error, IndexError, ValueError) as error:
            raise ElfError(f"{path}: damaged ELF file ({error}); build it again") from error

    def image(self, base: int) -> bytes:
        """The bytes to write to flash from address `base` on; gaps are erased flash (0xff).

        Raises ElfError when a segment lies below `base`.
        """
        image = bytearray()
        for address, content in sorted(self.segments):
            offset = address - base
            if offset < len(image):
                raise ElfError(f"segment at {address:#010x} overlaps another or lies below the flash at {base:#010x}")
            image += b"\xff" * (offset - len(image)) + content
        return bytes(image)

    @property
    def flash(self) -> int:
        """Bytes of flash: code, constants and the initial values of variables."""
        return sum(section.size for section in self.sections if section.in_flash)

    @property
    def ram(self) -> int:
        """Bytes of statically allocated RAM, the heap's array included, the stack not."""
        return sum(section.size for section in self.sections if section.in_ram)


def _segments(data: bytes) -> list[tuple[int, bytes]]:
    header = _HEADER.unpack_from(data)
    offset, entry, count = header[4], header[8], header[9]
    found = []
    for index in range(count):
        kind, start, _, load, size, _, _, _ = _SEGMENT.unpack_from(data, offset + index * entry)
        if kind == _PT_LOAD and size:
            found.append((load, data[start : start + size]))
    return found


def _sections(data: bytes) -> list[Section]:
    header = _HEADER.unpack_from(data)
    offset, entry, count, names_index = header[5], header[10], header[11], header[12]
    rows = [_SECTION.unpack_from(data, offset + index * entry) for index in range(count)]
    names = rows[names_index][4]
    found = []
    for name, kind, flags, address, _, size, *_ in rows:
        start = names + name
        text = data[start : data.index(b"\0", start)].decode()
        # A linker script may reserve the stack's room as a section; nothing is stored there.
        if not flags & _SHF_ALLOC or not size or text in (".stack", ".heap"):
            continue
        found.append(Section(text, address, size, kind != _SHT_NOBITS, bool(flags & _SHF_WRITE) or kind == _SHT_NOBITS))
    return found


def main(arguments: list[str]) -> int:
    """Prints `flash BYTES` and `ram BYTES` of a file, for PlatformIO's bars; returns the exit code."""
    try:
        elf = Elf.read(Path(arguments[0]))
    except (ElfError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"flash {elf.flash}\nram {elf.ram}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
