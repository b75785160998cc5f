"""How fast bytes pass between the edge host and a guest: ours against wasmtime-py's own conversion.

`python -m bench.edge_lists` sends 1 MiB into a guest, which hands it to a host function, whose answer it returns: two
conversions each way. Processor time of the best of three calls; exit code 1 when ours is not `AIM` times faster.
"""

from __future__ import annotations

import sys
import time

import wasmtime
from wasmtime.component import Component, Func, Linker

from edge_host.engine import new_engine
from edge_host.interfaces import conversion

SIZE = 1 << 20
AIM = 8.0
ROUNDS = 3

_ECHO = """(component
  (import "host" (instance $host (export "echo" (func (param "data" (list u8)) (result (list u8))))))
  (core module $library
    (memory (export "memory") 64)
    (global $free (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $free)
      (global.set $free (i32.add (global.get $free) (local.get 3))))
    (func (export "reset") (param i32) (global.set $free (i32.const 4096))))
  (core instance $library (instantiate $library))
  (core func $echo (canon lower (func $host "echo")
    (memory $library "memory") (realloc (func $library "realloc"))))
  (core module $guest
    (import "host" "echo" (func $echo (param i32 i32 i32)))
    (func (export "run") (param i32 i32) (result i32)
      (call $echo (local.get 0) (local.get 1) (i32.const 16))
      (i32.const 16)))
  (core instance $guest (instantiate $guest (with "host" (instance (export "echo" (func $echo))))))
  (func (export "run") (param "data" (list u8)) (result (list u8)) (canon lift (core func $guest "run")
    (memory $library "memory") (realloc (func $library "realloc")) (post-return (func $library "reset")))))"""


def _best(store: wasmtime.Store, run: Func, data: bytes) -> float:
    """Seconds of the processor for one call."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.thread_time()
        answer = run(store, data)
        best = min(best, time.thread_time() - begun)
        if answer != data:
            raise SystemExit("the guest's answer is not what it was sent")
        run.post_return(store)
    return best


def main() -> int:
    """Measure and print."""
    engine = new_engine()
    store = wasmtime.Store(engine)
    store.set_fuel(1 << 60)
    store.set_epoch_deadline(1 << 30)
    linker = Linker(engine)
    with linker.root() as root, root.add_instance("host") as host:
        host.add_func("echo", lambda _store, data: data)
    instance = linker.instantiate(store, Component(engine, wasmtime.wat2wasm(_ECHO)))
    run = instance.get_func(store, "run")
    if run is None:
        raise SystemExit("the guest does not export run")
    data = bytes(range(256)) * (SIZE // 256)
    conversion.uninstall()
    stock = _best(store, run, data)
    conversion.install()
    ours = _best(store, run, data)
    mebibytes = 4 * SIZE / (1 << 20)
    print(f"wasmtime-py {stock / mebibytes * 1000:7.1f} ms for each MiB")
    print(f"ours        {ours / mebibytes * 1000:7.1f} ms for each MiB")
    print(f"ratio       {stock / ours:7.1f} (aim {AIM:.0f})")
    return 0 if stock >= AIM * ours else 1


if __name__ == "__main__":
    sys.exit(main())
