"""Calls between Python and guests: texts of all sizes, wrong arguments, and mistakes of host functions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import wasmtime
from wasmtime.component import Component, Func, Linker

from bench.footprint import guests
from edge_host.engine import new_engine
from edge_host.errors import StopError
from edge_host.guest import Call
from edge_host.interfaces.adapter import record
from edge_host.interfaces.messaging import broker_message
from edge_host.messages import Message
from tests.edge_host import components
from tests.edge_host.bench import Bench
from wire.descriptor import Grant
from wire.interfaces import MESSAGE_HANDLER, MESSAGING
from wire.triggers import MessageFilter

ECHO = """(component
  (import "host" (instance $host (export "echo" (func (param "data" KIND) (result KIND)))))
  (core module $library
    (memory (export "memory") 16)
    (global $free (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $free)
      (global.set $free (i32.and (i32.add (i32.add (global.get $free) (local.get 3)) (i32.const 15)) (i32.const -16))))
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
  (func (export "run") (param "data" KIND) (result KIND) (canon lift (core func $guest "run")
    (memory $library "memory") (realloc (func $library "realloc")) (post-return (func $library "reset")))))"""


class Echo:
    """A guest that hands its argument to a host function and returns the answer."""

    def __init__(self, engine: wasmtime.Engine, kind: str, function: Callable[[Any], Any]) -> None:
        self.store = wasmtime.Store(engine)
        self.store.set_fuel(1 << 60)
        self.store.set_epoch_deadline(1 << 30)
        self.linker = Linker(engine)
        with self.linker.root() as root, root.add_instance("host") as host:
            host.add_func("echo", lambda _store, data: function(data))
        component = Component(engine, wasmtime.wat2wasm(ECHO.replace("KIND", kind)))
        run = self.linker.instantiate(self.store, component).get_func(self.store, "run")
        assert run is not None
        self._run: Func = run

    def __call__(self, *arguments: object) -> Any:
        return self._run(self.store, *arguments)


@pytest.fixture(scope="module")
def engine() -> wasmtime.Engine:
    return new_engine()


@pytest.mark.parametrize("text", ["", "a", "Blütenblatt 🌿", "x" * 100_000])
def test_texts_go_through_a_guest_and_back(engine: wasmtime.Engine, text: str) -> None:
    echo = Echo(engine, "string", lambda data: data)
    assert [echo(text), echo(text)] == [text, text]


def test_lists_go_through_a_guest_and_back(engine: wasmtime.Engine) -> None:
    assert Echo(engine, "(list u32)", lambda data: data)([1, 2, 1 << 31]) == [1, 2, 1 << 31]
    assert Echo(engine, "(list string)", lambda data: data[::-1])(["a", ""]) == ["", "a"]


def test_functions_of_one_name_have_their_own_types(engine: wasmtime.Engine) -> None:
    texts = Echo(engine, "string", str.upper)
    numbers = Echo(engine, "(list u8)", lambda data: data[::-1])
    assert [texts("a"), numbers(b"abc"), texts("b"), numbers(b"")] == ["A", b"cba", "B", b""]


@pytest.mark.parametrize("arguments", [(), ("a", "b"), (1,), (None,)])
def test_arguments_that_do_not_fit_are_refused(engine: wasmtime.Engine, arguments: tuple[object, ...]) -> None:
    echo = Echo(engine, "string", lambda data: data)
    with pytest.raises(TypeError):
        echo(*arguments)
    assert echo("still") == "still"


def test_a_mistake_of_a_host_function_stays_in_its_own_call(engine: wasmtime.Engine) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def waits(data: str) -> str:
        inside.set()
        assert go_on.wait(10)
        return data

    def fails(_data: str) -> str:
        raise KeyError("mistake")

    answers: list[str] = []
    waiting = Echo(engine, "string", waits)
    thread = threading.Thread(target=lambda: answers.append(waiting("sound")))
    thread.start()
    assert inside.wait(10)
    with pytest.raises(wasmtime.WasmtimeError, match="mistake"):
        Echo(engine, "string", fails)("x")
    go_on.set()
    thread.join()
    assert answers == ["sound"]


def test_a_wrong_answer_of_a_host_function_is_an_error(engine: wasmtime.Engine) -> None:
    with pytest.raises(wasmtime.WasmtimeError, match="string"):
        Echo(engine, "string", lambda _data: 7)("x")


def test_a_name_that_is_there_is_refused(engine: wasmtime.Engine) -> None:
    linker = Linker(engine)
    with linker.root() as root:
        root.add_func("same", lambda _store: None)
        with pytest.raises(wasmtime.WasmtimeError, match="same"):
            root.add_func("same", lambda _store: None)


def test_results_of_handlers(engine: wasmtime.Engine) -> None:
    store = wasmtime.Store(engine)
    store.set_fuel(1 << 60)
    store.set_epoch_deadline(1 << 30)
    instance = Linker(engine).instantiate(store, Component(engine, components.failing("no sensor")))
    outer = instance.get_export_index(store, components.HANDLER)
    index = instance.get_export_index(store, "run", outer)
    assert index is not None
    run = instance.get_func(store, index)
    assert run is not None
    assert [run(store), run(store)] == ["no sensor", "no sensor"]


def test_a_record_that_does_not_fit_is_refused(bench: Bench) -> None:
    grants = {MESSAGING.full_name: Grant(("bench.b",))}
    guest = bench.guest(guests.passing_on("bench.b"), grants, triggers=(MessageFilter("bench.a"),))
    heard: list[Message] = []
    bench.bus.subscribe("bench.b", heard.append)

    def send(message: object) -> str | None:
        return guest.handle(Call(MESSAGE_HANDLER.full_name, "handle-message", (message,)))

    good = broker_message(Message("bench.a", b"body", "reply"))
    assert send(good) is None
    for wrong in (object(), record(subject="bench.a", body=7, reply_to=None), record(subject="bench.a", body=b"")):
        with pytest.raises(StopError):
            send(wrong)
    assert send(good) is None
    assert [(message.subject, len(message.body), message.reply_to) for message in heard] == [("bench.b", 64, None)] * 2
