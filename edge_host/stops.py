"""Why a guest was stopped, in the words of formats section 6, from the text of Wasmtime's errors."""

from __future__ import annotations

import re

from edge_host.errors import StopError

TRAPS = {
    "wasm `unreachable` instruction executed": "unreachable",
    "out of bounds memory access": "memory-out-of-bounds",
    "undefined element: out of bounds table access": "table-out-of-bounds",
    "uninitialized element": "indirect-call-to-null",
    "indirect call type mismatch": "bad-signature",
    "integer overflow": "integer-overflow",
    "integer divide by zero": "integer-divide-by-zero",
    "invalid conversion to integer": "bad-conversion-to-integer",
    "cannot enter component instance": "cannot-enter-component",
    "cannot leave component instance": "cannot-leave-component",
    "invalid `char` bit pattern": "invalid-char",
    "string content out-of-bounds": "string-out-of-bounds",
    "list content out-of-bounds": "list-out-of-bounds",
}
"""The names that boards give to traps, by Wasmtime's words for them."""

_FRAME = re.compile(r"^\s*0:\s+(?:0x([0-9a-f]+) - )?.*<wasm function (\d+)>", re.MULTILINE)


def stop(text: str, fuel: str) -> StopError:
    """The stop behind an error's text; `fuel` says what the limit of fuel was."""
    words = cause(text).removeprefix("wasm trap: ")
    if "all fuel consumed" in words:
        return StopError("fuel", fuel, text)
    if words == "interrupt":
        return StopError("fuel", "the call took too long by the clock", text)
    if words == "call stack exhausted":
        return StopError("stack", words, text)
    if "wasm trap: " in text:
        return StopError("trap", TRAPS.get(words, "other"), text)
    return StopError("error", words, text)


def frame(backtrace: str) -> tuple[int | None, int | None]:
    """Place (offset in the component's file) and index of the function that stopped, where Wasmtime tells them."""
    match = _FRAME.search(backtrace)
    if match is None:
        return None, None
    return int(match[1], 16) if match[1] else None, int(match[2])


def cause(text: str) -> str:
    """The innermost cause in Wasmtime's text of an error, in one line."""
    lines = [re.sub(r"^\d+: ", "", line.strip()) for line in text.rpartition("Caused by:")[2].strip().splitlines()]
    return next((line for line in reversed(lines) if line), "unknown cause")
