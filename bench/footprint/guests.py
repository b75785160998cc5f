"""Components that only call and send: what is measured is the way between guests, not their work."""

from __future__ import annotations

import wasmtime

from tests.edge_host import wat


def passing_on(subject: str, body: int = 64) -> bytes:
    """Publishes `body` bytes under `subject` whenever a message comes, and when its schedule's handler is called."""
    return bytes(
        wasmtime.wat2wasm(f"""(component {wat.MESSAGING} {wat.library()}
      (core func $publish (canon lower (func $consumer "publish") {wat.OPTIONS}))
      (core module $guest
        (import "host" "publish" (func $publish (param i32 i32 i32 i32 i32 i32 i32 i32)))
        (import "host" "reset" (func $reset))
        (import "host" "memory" (memory 1)) (data (i32.const 0) "{subject}")
        (func $send (result i32)
          (call $reset)
          (call $publish (i32.const 0) (i32.const {len(subject)}) (i32.const 1024) (i32.const {body})
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 300))
          (i32.const 256))
        (func (export "run") (result i32) (call $send))
        (func (export "message") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (call $send)))
      (core instance $guest (instantiate $guest (with "host" (instance
        (export "publish" (func $publish)) (export "reset" (func $library "reset"))
        (export "memory" (memory $library "memory"))))))
      (func $run (result (result (error string))) (canon lift (core func $guest "run") {wat.OPTIONS}))
      (instance $schedule (export "run" (func $run)))
      (export "petiole:schedule/handler@0.1.0" (instance $schedule))
      (func $message (param "msg" $message) (result (result (error string)))
        (canon lift (core func $guest "message") {wat.OPTIONS}))
      (instance $handler (export "broker-message" (type $message)) (export "handle-message" (func $message)))
      (export "wasmcloud:messaging/handler@0.2.0" (instance $handler)))""")
    )


def calling(times: int) -> bytes:
    """Calls `petiole:example/half` of another component so many times in each call of its handler."""
    return bytes(
        wasmtime.wat2wasm(f"""(component
      (import "petiole:example/half@0.1.0" (instance $half
        (export "of" (func (param "number" u32) (result u32)))))
      {wat.library()}
      (core func $half (canon lower (func $half "of")))
      (core module $guest
        (import "host" "half" (func $half (param i32) (result i32)))
        (import "host" "memory" (memory 1))
        (func (export "run") (result i32) (local $left i32)
          (local.set $left (i32.const {times}))
          (loop $again
            (drop (call $half (i32.const 42)))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
          (i32.const 256)))
      (core instance $guest (instantiate $guest (with "host" (instance
        (export "half" (func $half)) (export "memory" (memory $library "memory"))))))
      (func $run (result (result (error string))) (canon lift (core func $guest "run") {wat.OPTIONS}))
      (instance $handler (export "run" (func $run)))
      (export "petiole:schedule/handler@0.1.0" (instance $handler)))""")
    )
