"""Two components that pass values of many types on: one asks the other, which gives back what it got."""

from __future__ import annotations

import wasmtime

from tests.edge_host import wat

ECHO = "petiole:example/echo@0.1.0"
RELAY = "petiole:example/relay@0.1.0"
_TYPES = f"""{wat.MESSAGE}
  (import "petiole:telemetry/telemetry@0.1.0" (instance $telemetry
    (type $error' (enum "invalid" "rate-limited" "full"))
    (export "error" (type (eq $error')))))
  (alias export $telemetry "error" (type $kind))
"""
_LIST = "(list (tuple {message} {kind} (result u8 (error string)) s64 f64 (list string)))"


def _exporting(interface: str, imports: str, guest: str, given: str) -> bytes:
    values = _LIST.format(message="$message", kind="$kind")
    return bytes(
        wasmtime.wat2wasm(f"""(component {_TYPES} {imports}
      {wat.library(16)}
      {given}
      (core module $guest (import "host" "memory" (memory 16)) {guest})
      (core instance $guest (instantiate $guest (with "host" (instance
        {'(export "echo" (func $echo))' if given else ""} (export "memory" (memory $library "memory"))))))
      (func $do (param "values" {values}) (result {values})
        (canon lift (core func $guest "do") {wat.OPTIONS} (post-return (func $library "returned"))))
      (instance $out (export "broker-message" (type $message)) (export "error" (type $kind)) (export "do" (func $do)))
      (export "{interface}" (instance $out)))""")
    )


def echo() -> bytes:
    """Gives back a list of values."""
    return _exporting(
        *(ECHO, ""),
        """(func (export "do") (param i32 i32) (result i32)
          (i32.store (i32.const 512) (local.get 0)) (i32.store (i32.const 516) (local.get 1)) (i32.const 512))""",
        "",
    )


def relay() -> bytes:
    """Gives back what `echo` gives back of a list of values."""
    values = _LIST.format(message="$own", kind="$of")
    return _exporting(
        RELAY,
        f"""(import "{ECHO}" (instance $peer
          (alias outer 1 $message (type $outer)) (export "broker-message" (type $own (eq $outer)))
          (alias outer 1 $kind (type $outermost)) (export "error" (type $of (eq $outermost)))
          (export "do" (func (param "values" {values}) (result {values})))))""",
        """(import "host" "echo" (func $echo (param i32 i32 i32)))
        (func (export "do") (param i32 i32) (result i32)
          (call $echo (local.get 0) (local.get 1) (i32.const 512)) (i32.const 512))""",
        f'(core func $echo (canon lower (func $peer "do") {wat.OPTIONS}))',
    )
