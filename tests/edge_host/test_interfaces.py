"""The functions behind the interfaces: what a guest gets, and each limit with its event."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from wasmtime.component import Variant

from edge_host import kernel_clock
from edge_host.errors import StopError
from edge_host.interfaces import clocks, gpio_async, keyvalue, messaging, poll, pwm, random, shapes, spi
from edge_host.interfaces.context import GuestContext
from edge_host.labels import Pwm, SpiDevice, SpiError, Transfer
from edge_host.messages import Bus, Message
from tests.edge_host import wit_shapes
from tests.edge_host.bench import Bench
from wire.descriptor import Grant, Limits
from wire.interfaces import KEY_VALUE, MESSAGING

MESSAGES = {MESSAGING.full_name: Grant(("room.*", "log.>"))}


def soon(action: Callable[[], object]) -> None:
    """Do it in another thread in a moment."""
    threading.Timer(0.05, action).start()


def test_types_are_those_of_wit() -> None:
    assert wit_shapes.SHAPES.read_text(encoding="utf-8") == wit_shapes.shapes(), (
        "run: python -m tests.edge_host.wit_shapes"
    )
    assert shapes.expected()["wasi:random/random@0.2.0"]["get-random-bytes"] == "func(len: u64) -> list<u8>"


def test_timers_are_waited_for_and_nothing_else(bench: Bench) -> None:
    context = bench.context()
    now = time.monotonic_ns()
    late, soon_due = poll.Pollable(due=now + 3_600_000_000_000), poll.Pollable(due=now + 30_000_000)
    assert not soon_due.ready()
    assert poll.poll(context, [late, soon_due]) == [1]
    assert time.monotonic_ns() >= now + 30_000_000
    assert poll.poll(context, [soon_due, late, soon_due]) == [0, 2]
    with pytest.raises(StopError, match=r"^trap: "):
        poll.poll(context, [])


def test_the_longest_timer_is_waited_for_too(bench: Bench) -> None:
    """Programs that want to sleep for good set a timer to the largest number there is."""
    context = bench.context()
    rung = threading.Event()
    bell = poll.Pollable(is_ready=rung.is_set)

    def ring() -> None:
        rung.set()
        context.signal.notify()

    soon(ring)
    assert poll.poll(context, [poll.Pollable(due=2**64 - 1), bell]) == [1]


def test_a_wait_ends_with_the_workload(bench: Bench) -> None:
    context = bench.context()
    soon(context.signal.cancel)
    with pytest.raises(StopError, match=r"^cancelled: "):
        poll.poll(context, [poll.Pollable(is_ready=lambda: False)])


def test_levels_and_edges_of_an_input(bench: Bench) -> None:
    context = bench.context()
    pin = bench.pins["loop-in"]
    wait = gpio_async.InputWait(pin, context.signal.notify)
    assert wait.finish() == gpio_async.NOT_IN_PROGRESS
    wait.start("rising-edge")
    assert wait.finish() == gpio_async.WOULD_BLOCK
    soon(lambda: bench.pins["loop-out"].write(True))
    assert poll.poll(context, [poll.Pollable(is_ready=wait.is_over)]) == [0]
    assert wait.finish() is None
    assert wait.finish() == gpio_async.NOT_IN_PROGRESS
    wait.start("high")
    assert wait.finish() is None
    wait.start("falling-edge")
    pin.write(True)
    assert wait.finish() == gpio_async.WOULD_BLOCK
    pin.write(False)
    assert wait.finish() is None
    wait.start("any-edge")
    wait.close()
    pin.write(True)
    assert wait.finish() == gpio_async.NOT_IN_PROGRESS


def test_duty_cycles(bench: Bench) -> None:
    assert pwm.set_part(bench.dimmer, 50, 100) is None
    assert bench.dimmer.duty == Pwm.MOST // 2
    assert pwm.set_part(bench.dimmer, 1, 1) is None
    assert bench.dimmer.duty == Pwm.MOST
    for part, whole in ((2, 1), (0, 0), (101, 100)):
        assert pwm.set_part(bench.dimmer, part, whole) == f"{part} of {whole} is not a part"
    assert bench.dimmer.duty == Pwm.MOST


def test_a_transaction_on_spi_has_a_result_for_each_step(bench: Bench) -> None:
    device = bench.labels.spi("spi-loop")
    assert device is not None
    steps = [Variant("write", b"ab"), Variant("delay-ns", 10), Variant("transfer", b"xyz"), Variant("read", 2)]
    assert spi.transaction(bench.context(), device, steps) == [
        Variant("write"),
        Variant("delay"),
        Variant("transfer", b"xyz"),
        Variant("read", bytes(2)),
    ]
    assert spi.one(bench.context(), device, Variant("read", 1 << 40)).tag == "other"
    assert spi.one(bench.context(), device, Variant("delay-ns", 1_000_001)).tag == "other"
    short = spi.one(bench.context(limits=Limits(host_call_bytes=2)), device, Variant("write", b"abc"))
    assert short == Variant("other", "more bytes than one call may bring")


def test_errors_of_spi_have_the_names_of_the_standard(bench: Bench) -> None:
    class Broken(SpiDevice):
        def transaction(self, steps: list[Transfer]) -> list[bytes]:
            raise SpiError("mode-fault")

    assert spi.one(bench.context(), Broken(), Variant("write", b"a")) == Variant("mode-fault")


def test_clocks_and_random_numbers(bench: Bench) -> None:
    assert abs(vars(clocks.datetime(time.time_ns()))["seconds"] - time.time()) < 2
    assert vars(clocks.datetime(1_500_000_000)) == {"seconds": 1, "nanoseconds": 500_000_000}
    assert clocks.resolution("monotonic") >= 1
    assert len(random.get_random_bytes(bench.context(), 16)) == 16
    with pytest.raises(StopError, match=r"^host-call-bytes: "):
        random.get_random_bytes(bench.context(), 1 << 50)


def test_a_clock_that_was_never_set_has_no_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_clock, "accuracy", lambda: kernel_clock.Accuracy(5_000_000, 7))
    status = clocks.status()
    assert vars(status) == {"uncertainty": 5_000_000, "age": 7}
    monkeypatch.undo()
    monkeypatch.setattr(kernel_clock, "NEVER_SET", time.time() + 1000)
    assert clocks.status() is None


def bucket(bench: Bench, most: int = 64) -> tuple[GuestContext, keyvalue.Bucket]:
    return bench.context({KEY_VALUE.full_name: Grant(("state",))}, Limits(key_value_bytes=most)), keyvalue.Bucket(
        "state"
    )


def test_values_stay_and_are_of_their_workload_alone(bench: Bench) -> None:
    context, state = bucket(bench)
    assert keyvalue.get(context, state, "a") is None
    assert keyvalue.put(context, state, "a", b"\x00\xff") is None
    assert keyvalue.get(bucket(bench)[0], state, "a") == b"\x00\xff"
    assert bench.key_values.component("another", "guest", 64).get("state", "a") is None
    bench.key_values.remove("bench")
    assert keyvalue.get(context, state, "a") is None


def test_keys_are_listed_in_pages(bench: Bench) -> None:
    context, state = bucket(bench, 4096)
    for number in range(22):
        keyvalue.put(context, state, f"k{number:02}", b"")
    first = vars(keyvalue.list_keys(context, state, None))
    assert (len(first["keys"]), first["cursor"]) == (16, 16)
    rest = vars(keyvalue.list_keys(context, state, first["cursor"]))
    assert (len(rest["keys"]), rest["cursor"]) == (6, None)


def test_key_value_bytes_are_limited_and_told_once(bench: Bench) -> None:
    context, state = bucket(bench, 8)
    assert keyvalue.put(context, state, "key", b"12345") is None
    full = Variant("other", "over-limit")
    assert keyvalue.put(context, state, "key", b"123456") == full
    assert keyvalue.put(context, state, "b", b"") == full
    assert keyvalue.get(context, state, "key") == b"12345"
    assert bench.sink.limits == [("key-value-bytes", 8)]
    assert keyvalue.put(context, state, "key", b"1") is None
    assert keyvalue.put(context, state, "b", b"123") is None


def test_numbers_are_added_to_at_once(bench: Bench) -> None:
    values = bench.key_values.component("bench", "guest", 4096)
    threads = [threading.Thread(target=lambda: [values.increment("state", "n", 2) for _ in range(25)]) for _ in "1234"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values.get("state", "n") == b"200"
    context, state = bucket(bench)
    keyvalue.put(context, state, "word", b"open")
    added = keyvalue.attempt(context, "word", lambda: context.key_values.increment("state", "word", 1))
    assert added == Variant("other", "not-a-number")


def test_messages_reach_whoever_listens_and_nobody_unasked(bench: Bench) -> None:
    context = bench.context(MESSAGES)
    got: list[Message] = []
    end = bench.bus.subscribe("room.*", got.append)
    assert messaging.publish(context, Message("room.light", b"on")) is None
    assert messaging.publish(context, Message("log.a.b", b"")) is None
    end()
    assert messaging.publish(context, Message("room.light", b"off")) is None
    assert got == [Message("room.light", b"on")]
    assert messaging.publish(context, Message("door", b"")) == "not-granted"
    assert messaging.publish(context, Message("room.*", b"")) == "invalid-subject"
    context.reply_to = "door"
    assert messaging.publish(context, Message("door", b"")) is None


def test_a_request_gets_the_first_answer_or_times_out(bench: Bench) -> None:
    context = bench.context(MESSAGES)

    def answer(message: Message) -> None:
        assert message.reply_to is not None
        soon(lambda: bench.bus.publish(Message(message.reply_to or "", b"21.5")))

    end = bench.bus.subscribe("room.temperature", answer)
    assert messaging.request(context, "room.temperature", b"", 5_000) == Message("_inbox.2", b"21.5")
    end()
    assert messaging.request(context, "room.temperature", b"", 20) == "timeout"


def test_messages_a_second_are_limited_and_told_once(bench: Bench) -> None:
    context = bench.context(MESSAGES, Limits(messages_per_second=2))
    answers = [messaging.publish(context, Message("room.light", b"")) for _ in range(4)]
    assert answers == [None, None, "rate-limited", "rate-limited"]
    assert bench.sink.limits == [("messages-per-second", 2)]


def test_neighbours_get_what_is_not_their_own() -> None:
    bus = Bus()
    got: list[tuple[str, str, str | None]] = []
    bus.attach("board", lambda message, origin: got.append(("board", message.subject, origin)))
    bus.attach("fleet", lambda message, origin: got.append(("fleet", message.subject, origin)))
    assert bus.publish(Message("a", b"")) == 0
    assert bus.publish(Message("b", b""), "board") == 0
    assert got == [("board", "a", None), ("fleet", "a", None), ("fleet", "b", "board")]
