"""The script that the agent is compared with: plain wasmtime-py, nothing of ours.

`python -m bench.footprint.bare COMMAND ARGUMENTS`: `compile COMPONENT ARTIFACT`; `hold ARTIFACT SECONDS` loads a
compiled component and calls its handler every so many seconds; `calls`, `peers`, `messages` and `cold` measure.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import wasmtime
from wasmtime.component import Component, Func, Instance, Linker

LOGGING = "wasi:logging/logging@0.1.0-draft"
HANDLER = "petiole:schedule/handler@0.1.0"
MESSAGING = "wasmcloud:messaging"
HALF = "petiole:example/half@0.1.0"
ROUNDS = 5


def engine() -> wasmtime.Engine:
    """Wasmtime's own settings, but for the page size that our guests have."""
    config = wasmtime.Config()
    config.wasm_custom_page_sizes = True
    return wasmtime.Engine(config)


def load(artifact: Path, shared: wasmtime.Engine) -> tuple[wasmtime.Store, Func]:
    """The handler of a compiled component that logs."""
    linker = Linker(shared)
    with linker.root() as root, root.add_instance(LOGGING) as logging:
        logging.add_func("log", lambda _store, _level, _context, _message: None)
    store = wasmtime.Store(shared)
    instance = linker.instantiate(store, Component.deserialize_file(shared, str(artifact)))
    return store, exported(store, instance, HANDLER, "run")


def exported(store: wasmtime.Store, instance: Instance, interface: str, name: str) -> Func:
    """A function of an exported interface."""
    outer = instance.get_export_index(store, interface)
    index = instance.get_export_index(store, name, outer)
    function = instance.get_func(store, index) if index is not None else None
    if function is None:
        raise SystemExit(f"{interface} {name} is not exported")
    return function


def calls(component: Path, count: int) -> float:
    """Calls of a handler in a second of the processor."""
    shared = engine()
    store = wasmtime.Store(shared)
    instance = Linker(shared).instantiate(store, Component(shared, component.read_bytes()))
    run = exported(store, instance, HANDLER, "run")
    return best(lambda: [run(store) for _ in range(count)], count)


def peers(caller: Path, callee: Path, count: int) -> float:
    """Calls from one component to another in a second of the processor; `caller` makes `count` in each call."""
    shared = engine()
    inner = wasmtime.Store(shared)
    half = exported(inner, Linker(shared).instantiate(inner, Component(shared, callee.read_bytes())), HALF, "of")
    linker = Linker(shared)
    with linker.root() as root, root.add_instance(HALF) as peer:
        peer.add_func("of", lambda _store, number: half(inner, number))
    store = wasmtime.Store(shared)
    run = exported(store, linker.instantiate(store, Component(shared, caller.read_bytes())), HANDLER, "run")
    return best(lambda: run(store), count)


def messages(first: Path, second: Path, count: int) -> float:
    """Messages from one component to another in a second of the processor: a loop that takes them from a queue."""
    shared = engine()
    waiting: deque[tuple[int, object]] = deque()
    handlers = []
    for number, component in enumerate((first, second)):
        linker = Linker(shared)
        with linker.root() as root:
            root.add_instance(f"{MESSAGING}/types@0.2.0").close()
            with root.add_instance(f"{MESSAGING}/consumer@0.2.0") as consumer:
                consumer.add_func("publish", lambda _store, sent, to=1 - number: waiting.append((to, sent)))
        store = wasmtime.Store(shared)
        instance = linker.instantiate(store, Component(shared, component.read_bytes()))
        handlers.append((store, exported(store, instance, f"{MESSAGING}/handler@0.2.0", "handle-message")))
        exported(store, instance, HANDLER, "run")(store)

    def pass_on() -> None:
        for _ in range(count):
            to, sent = waiting.popleft()
            store, handle = handlers[to]
            handle(store, sent)

    return best(pass_on, count)


def cold(artifact: Path, count: int) -> list[float]:
    """Seconds of the processor from the compiled file to the end of the first call, of so many starts."""
    took = []
    shared = engine()
    for _ in range(count):
        begun = time.thread_time()
        store, run = load(artifact, shared)
        run(store)
        took.append(time.thread_time() - begun)
        store.close()
    return took


def best(work: Callable[[], object], count: int) -> float:
    """How often in a second of the processor, in the best of some rounds of `count`."""
    seconds = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return count / min(seconds)


def main(command: str, *arguments: str) -> None:
    """Compile, hold, or measure and print what was found as JSON."""
    files = [Path(argument) for argument in arguments[:-1]]
    if command == "compile":
        Path(arguments[1]).write_bytes(Component(engine(), files[0].read_bytes()).serialize())
    elif command == "hold":
        store, run = load(files[0], engine())
        while True:
            run(store)
            time.sleep(float(arguments[1]))
    elif command == "calls":
        print(json.dumps(calls(files[0], int(arguments[1]))))
    elif command == "peers":
        print(json.dumps(peers(files[0], files[1], int(arguments[2]))))
    elif command == "messages":
        print(json.dumps(messages(files[0], files[1], int(arguments[2]))))
    elif command == "cold":
        print(json.dumps(cold(files[0], int(arguments[1]))))


if __name__ == "__main__":
    main(*sys.argv[1:])
