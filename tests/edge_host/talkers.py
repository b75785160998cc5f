"""Components that send numbers to each other in messages, and measure what they get."""

from __future__ import annotations

import wasmtime

from tests.edge_host import wat
from tests.edge_host.components import TELEMETRY, TIMER, WAIT

_ERROR = "(i32.store8 (i32.const 256) (i32.const 1)) (i32.store (i32.const 260) (i32.const 0))"
"""Makes the result at 256 the error of an empty text."""

SPIN = "(loop $forever (br $forever))"
TRAP = "unreachable"
REFUSE = f"{_ERROR}"
MEASURE = """(call $send (i32.const 200) (i32.const 1) (i32.const 0) (i32.const 0)
  (f64.convert_i32_u (local.get $number)) (i32.const 300))"""
FORWARD = "(drop (call $publish-number (local.get $number)))"


def wait(milliseconds: int) -> str:
    """Waits so long."""
    return WAIT.format(nanoseconds=milliseconds * 1_000_000)


def compute(rounds: int) -> str:
    """Counts so far."""
    return f"""(local.set $left (i32.const {rounds}))
      (loop $count (br_if $count (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))"""


def if_number(number: int, body: str) -> str:
    """Does `body` with this number alone."""
    return f"(if (i32.eq (local.get $number) (i32.const {number})) (then {body}))"


def talker(subject: str = "nobody", on_run: int = 1, on_message: str = MEASURE, after_run: str = "") -> bytes:
    """Publishes `on_run` numbers to `subject`, from 0 on over all runs, at each run of its schedule, then `after_run`.

    `on_message` is what it does with each `$number` that it gets. A message that is refused counts as not sent: its
    number is sent again with the next run.
    """
    locals_ = "(local $number i32) (local $left i32) (local $timer i32)"
    return bytes(
        wasmtime.wat2wasm(f"""(component {wat.MESSAGING} {TELEMETRY} {TIMER}
      {wat.library()}
      (core func $publish (canon lower (func $consumer "publish") {wat.OPTIONS}))
      (core func $send (canon lower (func $telemetry "send-number") {wat.OPTIONS}))
      (core func $subscribe (canon lower (func $timer "subscribe-duration")))
      (core func $block (canon lower (func $poll "[method]pollable.block")))
      (core func $forget (canon resource.drop $pollable))
      (core module $guest
        (import "host" "publish" (func $publish (param i32 i32 i32 i32 i32 i32 i32 i32)))
        (import "host" "send" (func $send (param i32 i32 i32 i32 f64 i32)))
        (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
        (import "host" "block" (func $block (param i32)))
        (import "host" "forget" (func $forget (param i32)))
        (import "host" "reset" (func $reset))
        (import "host" "memory" (memory 1)) (data (i32.const 0) "{subject}") (data (i32.const 200) "n")
        (global $next (mut i32) (i32.const 0))
        (func $publish-number (param $number i32) (result i32)
          (i32.store (i32.const 400) (local.get $number))
          (call $publish (i32.const 0) (i32.const {len(subject)}) (i32.const 400) (i32.const 4)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 300))
          (i32.eqz (i32.load8_u (i32.const 300))))
        (func (export "run") (result i32) {locals_}
          (call $reset)
          (local.set $left (i32.const {on_run}))
          (loop $again
            (global.set $next (i32.add (global.get $next) (call $publish-number (global.get $next))))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
          {after_run}
          (i32.const 256))
        (func (export "message") (param i32 i32 i32 i32 i32 i32 i32) (result i32) {locals_}
          (call $reset)
          (local.set $number (i32.load (local.get 2)))
          {on_message}
          (i32.const 256)))
      (core instance $guest (instantiate $guest (with "host" (instance
        (export "publish" (func $publish)) (export "send" (func $send)) (export "reset" (func $library "reset"))
        (export "subscribe" (func $subscribe)) (export "block" (func $block)) (export "forget" (func $forget))
        (export "memory" (memory $library "memory"))))))
      (func $run (result (result (error string))) (canon lift (core func $guest "run") {wat.OPTIONS}))
      (instance $schedule (export "run" (func $run)))
      (export "petiole:schedule/handler@0.1.0" (instance $schedule))
      (func $message (param "msg" $message) (result (result (error string)))
        (canon lift (core func $guest "message") {wat.OPTIONS}))
      (instance $handler (export "broker-message" (type $message)) (export "handle-message" (func $message)))
      (export "wasmcloud:messaging/handler@0.2.0" (instance $handler)))""")
    )
