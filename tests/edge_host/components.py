"""Components for tests in WebAssembly text, made of the smallest parts that a real guest has."""

from __future__ import annotations

import wasmtime

from tests.edge_host import wat

LOGGING = """
  (import "wasi:logging/logging@0.1.0-draft" (instance $logging
    (type $level' (enum "trace" "debug" "info" "warn" "error" "critical"))
    (export "level" (type $level (eq $level')))
    (export "log" (func (param "level" $level) (param "context" string) (param "message" string)))))
"""
TELEMETRY = """
  (import "petiole:telemetry/telemetry@0.1.0" (instance $telemetry
    (type $error' (enum "invalid" "rate-limited" "full"))
    (export "error" (type $error (eq $error')))
    (export "send-number" (func (param "name" string) (param "unit" string) (param "value" f64)
      (result (result (error $error)))))))
"""
I2C = """
  (import "wasi:i2c/i2c@0.2.0-draft" (instance $i2c
    (export "i2c" (type $bus (sub resource)))
    (type $source' (enum "address" "data" "unknown"))
    (export "no-acknowledge-source" (type $source (eq $source')))
    (type $code' (variant (case "bus") (case "arbitration-loss") (case "no-acknowledge" $source) (case "overrun")
      (case "other")))
    (export "error-code" (type $code (eq $code')))
    (export "[method]i2c.write-read" (func (param "self" (borrow $bus)) (param "address" u16) (param "write" (list u8))
      (param "read-len" u64) (result (result (list u8) (error $code)))))))
  (alias export $i2c "i2c" (type $bus))
  (import "petiole:i2c/buses@0.1.0" (instance $buses
    (alias outer 1 $bus (type $outer))
    (export "i2c" (type $i (eq $outer)))
    (type $open' (enum "not-granted" "no-such-label"))
    (export "open-error" (type $open (eq $open')))
    (export "open" (func (param "label" string) (result (result (own $i) (error $open)))))))
"""
CLOCK = """
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
"""
TIMER = """
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $timer
    (alias outer 1 $pollable (type $outer))
    (export "pollable" (type $t (eq $outer)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $t))))))
"""

_IMPORTS = {
    "log": (
        LOGGING,
        f'(core func $log (canon lower (func $logging "log") {wat.OPTIONS}))',
        "(param i32 i32 i32 i32 i32)",
    ),
    "send": (
        TELEMETRY,
        f'(core func $send (canon lower (func $telemetry "send-number") {wat.OPTIONS}))',
        "(param i32 i32 i32 i32 f64 i32)",
    ),
    "now": (CLOCK, '(core func $now (canon lower (func $clock "now")))', "(result i64)"),
    "open": (I2C, f'(core func $open (canon lower (func $buses "open") {wat.OPTIONS}))', "(param i32 i32 i32)"),
    "write-read": (
        "",
        f'(core func $write-read (canon lower (func $i2c "[method]i2c.write-read") {wat.OPTIONS}))',
        "(param i32 i32 i32 i32 i64 i32)",
    ),
    "drop": ("", "(core func $drop (canon resource.drop $bus))", "(param i32)"),
    "subscribe": (
        TIMER,
        '(core func $subscribe (canon lower (func $timer "subscribe-duration")))',
        "(param i64) (result i32)",
    ),
    "block": ("", '(core func $block (canon lower (func $poll "[method]pollable.block")))', "(param i32)"),
    "forget": ("", "(core func $forget (canon resource.drop $pollable))", "(param i32)"),
}

_EXPORTS = {
    "petiole:schedule/handler@0.1.0": ("run", "", "(result (result (error string)))"),
    "wasi:cli/run@0.2.0": ("run", "", "(result (result))"),
    "petiole:gpio/handler@0.1.0": (
        "edge",
        '(param "label" string) (param "high" bool)',
        "(result (result (error string)))",
    ),
}
HANDLER, SERVICE, EDGES = _EXPORTS


def component(
    body: str, uses: tuple[str, ...] = (), data: str = "", declarations: str = "", exports: str = HANDLER
) -> bytes:
    """A component with one export whose core function has `body` (a handler's result: pointer to result<_, string>).

    `uses` are core imports; `data` lies at address 0; address 256 holds an ok result.
    """
    types = "".join(_IMPORTS[name][0] for name in uses)
    lowered = "".join(_IMPORTS[name][1] for name in uses)
    imports = "".join(f'(import "host" "{name}" (func ${name} {_IMPORTS[name][2]}))' for name in uses)
    given = "".join(f'(export "{name}" (func ${name}))' for name in uses)
    name, parameters, result = _EXPORTS[exports]
    core = "(param i32 i32 i32)" if parameters else ""
    text = f"""(component {types} {wat.library()} {lowered}
      (core module $guest {imports} (import "host" "memory" (memory 1)) (data (i32.const 0) "{data}") {declarations}
        (func (export "run") {core} (result i32) {body}))
      (core instance $guest (instantiate $guest
        (with "host" (instance {given} (export "memory" (memory $library "memory"))))))
      (func $run {parameters} {result} (canon lift (core func $guest "run") {wat.OPTIONS}))
      (instance $handler (export "{name}" (func $run)))
      (export "{exports}" (instance $handler)))"""
    return bytes(wasmtime.wat2wasm(text))


OK = "(i32.const 256)"

SEND = "(call $send (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (f64.const 20.5) (i32.const 300))"


def idle() -> bytes:
    """Does nothing well."""
    return component(OK)


def sender(value: float = 20.5) -> bytes:
    """Sends the measurement `t` at each call."""
    return component(SEND.replace("20.5", str(value)) + OK, ("send",), data="t")


def logger(message: str = "hello") -> bytes:
    """Logs `message` with level info and an empty context at each call."""
    log = f"(call $log (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const {len(message)}))"
    return component(log + OK, ("log",), data=message)


def trapping(after: int, uses: tuple[str, ...] = ()) -> bytes:
    """Works `after` times, then executes `unreachable`."""
    count = "(global $calls (mut i32) (i32.const 0))"
    body = f"""(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (if (i32.gt_u (global.get $calls) (i32.const {after})) (then unreachable))
      {SEND if "send" in uses else ""} {OK}"""
    return component(body, uses, data="t", declarations=count)


def counting() -> bytes:
    """Sends the number of calls of this instance as `t`."""
    count = "(global $calls (mut i32) (i32.const 0))"
    body = f"""(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      {SEND.replace("(f64.const 20.5)", "(f64.convert_i32_u (global.get $calls))")} {OK}"""
    return component(body, ("send",), data="t", declarations=count)


def probed(problem: str = "") -> bytes:
    """Does nothing well, and answers its health probe well or with `problem`."""
    data = f'(data (i32.const 0) "{problem}") (data (i32.const 256) "\\{int(bool(problem)):02x}")'
    length = f"(i32.store (i32.const 260) (i32.const 0)) (i32.store (i32.const 264) (i32.const {len(problem)}))"
    return bytes(
        wasmtime.wat2wasm(f"""(component
      (core module $guest (memory (export "memory") 1) {data}
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
        (func (export "check") (result i32) {length} (i32.const 256))
        (func (export "run") (result i32) (i32.const 512)))
      (core instance $guest (instantiate $guest))
      (func $check (result (result (error string)))
        (canon lift (core func $guest "check") (memory $guest "memory") (realloc (func $guest "realloc"))))
      (func $run (result (result (error string)))
        (canon lift (core func $guest "run") (memory $guest "memory") (realloc (func $guest "realloc"))))
      (instance $probe (export "check" (func $check)))
      (instance $handler (export "run" (func $run)))
      (export "petiole:health/probe@0.1.0" (instance $probe))
      (export "petiole:schedule/handler@0.1.0" (instance $handler)))""")
    )


def spinning() -> bytes:
    """Never returns."""
    return component("(loop $again (br $again)) (i32.const 256)")


WAIT = """(local.set $timer (call $subscribe (i64.const {nanoseconds})))
  (call $block (local.get $timer)) (call $forget (local.get $timer))"""


def waiting(milliseconds: int) -> bytes:
    """Waits so long at each call, then sends `t`."""
    wait = WAIT.format(nanoseconds=milliseconds * 1_000_000)
    return component(f"(local $timer i32) {wait} {SEND} {OK}", ("subscribe", "block", "forget", "send"), data="t")


def service(milliseconds: int, rounds: int = 1 << 30, work: int = 0) -> bytes:
    """Sends `t`, counts to `work`, and waits so long, over and over; ends well after `rounds`."""
    wait = WAIT.format(nanoseconds=milliseconds * 1_000_000)
    body = f"""(local $timer i32) (local $round i32) (local $work i32)
      (loop $again {SEND}
        (local.set $work (i32.const {work}))
        (loop $count
          (local.set $work (i32.sub (local.get $work) (i32.const 1)))
          (br_if $count (i32.gt_s (local.get $work) (i32.const 0))))
        {wait}
        (local.set $round (i32.add (local.get $round) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $round) (i32.const {rounds}))))
      (i32.const 0)"""
    return component(body, ("subscribe", "block", "forget", "send"), data="t", exports=SERVICE)


def on_edge(milliseconds: int = 0) -> bytes:
    """Waits so long, then sends `t` as 1 for a rising edge and 0 for a falling one."""
    wait = WAIT.format(nanoseconds=milliseconds * 1_000_000)
    send = SEND.replace("(f64.const 20.5)", "(f64.convert_i32_u (local.get 2))")
    body = f"(local $timer i32) {wait} {send} {OK}"
    return component(body, ("subscribe", "block", "forget", "send"), data="t", exports=EDGES)


def growing(pages: int) -> bytes:
    """Fails with the error `full` unless its memory grows by so many pages."""
    return component(f"(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable)) {OK}")


def two_memories() -> bytes:
    """A component of two modules, each with a memory of one page, without a handler."""
    return bytes(
        wasmtime.wat2wasm("""(component
      (core module $m (memory (export "memory") 1))
      (core instance (instantiate $m)) (core instance (instantiate $m)))""")
    )


PEER = """
  (import "petiole:example/half@0.1.0" (instance $half (export "of" (func (param "number" u32) (result u32)))))
"""


def halving() -> bytes:
    """Exports `petiole:example/half`: half of an even number; traps for an odd one."""
    return bytes(
        wasmtime.wat2wasm("""(component
      (core module $m (func (export "of") (param i32) (result i32)
        (if (i32.and (local.get 0) (i32.const 1)) (then unreachable)) (i32.shr_u (local.get 0) (i32.const 1))))
      (core instance $m (instantiate $m))
      (func $of (param "number" u32) (result u32) (canon lift (core func $m "of")))
      (instance $half (export "of" (func $of)))
      (export "petiole:example/half@0.1.0" (instance $half)))""")
    )


def halving_once() -> bytes:
    """Exports `petiole:example/half`; an instance traps at its second call."""
    return bytes(
        wasmtime.wat2wasm("""(component
      (core module $m (global $was (mut i32) (i32.const 0)) (func (export "of") (param i32) (result i32)
        (if (global.get $was) (then unreachable)) (global.set $was (i32.const 1))
        (i32.shr_u (local.get 0) (i32.const 1))))
      (core instance $m (instantiate $m))
      (func $of (param "number" u32) (result u32) (canon lift (core func $m "of")))
      (instance $half (export "of" (func $of)))
      (export "petiole:example/half@0.1.0" (instance $half)))""")
    )


def halving_forever() -> bytes:
    """Exports `petiole:example/half` and never answers."""
    return bytes(
        wasmtime.wat2wasm("""(component
      (core module $m (func (export "of") (param i32) (result i32) (loop $again (br $again)) (i32.const 0)))
      (core instance $m (instantiate $m))
      (func $of (param "number" u32) (result u32) (canon lift (core func $m "of")))
      (instance $half (export "of" (func $of)))
      (export "petiole:example/half@0.1.0" (instance $half)))""")
    )


def asking(number: int, kind: str = "u32") -> bytes:
    """Sends half of `number` as `t`; thinks that halves are of the type `kind`."""
    send = SEND.replace("(f64.const 20.5)", f"(f64.convert_i32_u (call $half (i32.const {number})))")
    return _asking(f"{send} {OK}", kind)


def asking_service(rounds: int, work: int) -> bytes:
    """Counts to `work`, then asks for half of 42 and sends that as `t`; ends well after `rounds`."""
    body = f"""(local $round i32) (local $work i32)
      (loop $again
        (local.set $work (i32.const {work}))
        (loop $count (br_if $count (local.tee $work (i32.sub (local.get $work) (i32.const 1)))))
        {SEND.replace("(f64.const 20.5)", "(f64.convert_i32_u (call $half (i32.const 42)))")}
        (local.set $round (i32.add (local.get $round) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $round) (i32.const {rounds}))))
      (i32.const 0)"""
    return _asking(body, exports=SERVICE)


def _asking(body: str, kind: str = "u32", exports: str = HANDLER) -> bytes:
    name, _, result = _EXPORTS[exports]
    wasm = wasmtime.wat2wasm(f"""(component {TELEMETRY} {PEER.replace("result u32", f"result {kind}")} {wat.library()}
      {_IMPORTS["send"][1]} (core func $half (canon lower (func $half "of")))
      (core module $guest
        (import "host" "send" (func $send {_IMPORTS["send"][2]}))
        (import "host" "half" (func $half (param i32) (result i32)))
        (import "host" "memory" (memory 1)) (data (i32.const 0) "t")
        (func (export "run") (result i32) {body}))
      (core instance $guest (instantiate $guest (with "host" (instance
        (export "send" (func $send)) (export "half" (func $half)) (export "memory" (memory $library "memory"))))))
      (func $run {result} (canon lift (core func $guest "run") {wat.OPTIONS}))
      (instance $handler (export "{name}" (func $run)))
      (export "{exports}" (instance $handler)))""")
    return bytes(wasm)


def failing(message: str = "no sensor") -> bytes:
    """Returns the error `message` at each call."""
    body = f"""(i32.store8 (i32.const 256) (i32.const 1)) (i32.store (i32.const 260) (i32.const 0))
      (i32.store (i32.const 264) (i32.const {len(message)})) (i32.const 256)"""
    return component(body, data=message)


def thermometer(label: str = "i2c-env", address: int = 0x48) -> bytes:
    """Opens the bus under `label`, reads register 0 and sends the raw number as `t`; traps when that fails."""
    body = f"""
      (call $open (i32.const 16) (i32.const {len(label)}) (i32.const 512))
      (if (i32.load8_u (i32.const 512)) (then unreachable))
      (call $write-read (i32.load (i32.const 516)) (i32.const {address}) (i32.const 8) (i32.const 1) (i64.const 2)
        (i32.const 520))
      (if (i32.load8_u (i32.const 520)) (then unreachable))
      (call $send (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)
        (f64.convert_i32_u (i32.or
          (i32.shl (i32.load8_u (i32.load (i32.const 524))) (i32.const 8))
          (i32.load8_u offset=1 (i32.load (i32.const 524)))))
        (i32.const 600))
      (call $drop (i32.load (i32.const 516)))
      {OK}"""
    data = "t" + "\\00" * 15 + label
    return component(body, ("open", "write-read", "drop", "send"), data=data)


def padded(wasm: bytes, size: int) -> bytes:
    """The component with a custom section of `size` bytes, so that its download takes several blocks."""
    content = b"\x03pad" + bytes(size)
    length, leb = len(content), bytearray()
    while length:
        leb.append(length & 0x7F | (0x80 if length > 0x7F else 0))
        length >>= 7
    return wasm + b"\x00" + bytes(leb) + content
