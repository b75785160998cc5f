"""Pieces of WebAssembly text that many components are made of."""

from __future__ import annotations

OPTIONS = '(memory $library "memory") (realloc (func $library "realloc"))'
"""Options of functions that pass texts and lists through the memory of `library`."""

MESSAGE = """
  (import "wasmcloud:messaging/types@0.2.0" (instance $types
    (type $m (record (field "subject" string) (field "body" (list u8)) (field "reply-to" (option string))))
    (export "broker-message" (type (eq $m)))))
  (alias export $types "broker-message" (type $message))
"""
"""The type `$message`."""

MESSAGING = f"""{MESSAGE}
  (import "wasmcloud:messaging/consumer@0.2.0" (instance $consumer
    (alias outer 1 $message (type $outer))
    (export "broker-message" (type $own (eq $outer)))
    (export "publish" (func (param "msg" $own) (result (result (error string)))))))
"""
"""The type `$message`, and the instance `$consumer` to publish with."""


def library(pages: int = 1) -> str:
    """A memory, from 4096 on handed out by `realloc`; `reset` takes that back, as does `returned` after a call."""
    return f"""
  (core module $library
    (memory (export "memory") {pages})
    (global $free (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (global.get $free))
      (global.set $free (i32.add (global.get $free) (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8))))
      (local.get $at))
    (func (export "reset") (global.set $free (i32.const 4096)))
    (func (export "returned") (param i32) (global.set $free (i32.const 4096))))
  (core instance $library (instantiate $library))
"""
