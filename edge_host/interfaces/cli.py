"""``wasi:cli@0.2.0``: environment, exit, and output that becomes log lines of the device.

There are no arguments, no working folder, no input and no terminal. A line that does not end is told when the
component ends.
"""

from __future__ import annotations

from wasmtime.component import LinkerInstance, Variant

from edge_host.errors import StopError
from edge_host.interfaces.adapter import ResourceNumber, bind, bind_resource
from edge_host.interfaces.context import GuestContext
from edge_host.interfaces.streams import new_input, new_output
from edge_host.streams import LineOutput, NoInput

LEVELS = {"stdout": "info", "stderr": "warn"}


class Lines(LineOutput):
    """What a guest writes to `stdout` or `stderr`, as log lines; it outlives the handles to it."""

    def __init__(self, context: GuestContext, name: str) -> None:
        def tell(line: str) -> None:
            if context.take_message():
                context.sink.log(LEVELS[name], name, line)

        super().__init__(tell)


def environment(context: GuestContext) -> list[tuple[str, str]]:
    """The environment of the descriptor and what the device's secrets add to it."""
    given = {**context.options.environment, **context.secrets}
    context.spend(sum(len(name.encode()) + len(value.encode()) for name, value in given.items()))
    return list(given.items())


def link_environment(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:cli/environment`` to a guest."""
    bind(instance, context, "get-environment", lambda: environment(context))
    bind(instance, context, "get-arguments", list)
    bind(instance, context, "initial-cwd", lambda: None)


def link_exit(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:cli/exit`` to a guest: it ends the component, as the end of a service does."""

    def leave(status: Variant) -> None:
        raise StopError("error", "it ended itself" + (" with an error" if status.tag == "err" else ""))

    bind(instance, context, "exit", leave)


def link_stdin(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:cli/stdin`` to a guest."""
    bind_resource(instance, context, "input-stream", ResourceNumber.INPUT_STREAM)
    bind(instance, context, "get-stdin", lambda: new_input(context, NoInput()))


def link_stdout(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:cli/stdout`` to a guest."""
    _link_output(instance, context, "stdout")


def link_stderr(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:cli/stderr`` to a guest."""
    _link_output(instance, context, "stderr")


def link_terminal(instance: LinkerInstance, context: GuestContext, name: str) -> None:
    """Offer one of the interfaces of ``wasi:cli`` that tell whether there is a terminal: there is none."""
    kind = "terminal-input" if "-input" in name or "stdin" in name else "terminal-output"
    bind_resource(instance, context, kind, ResourceNumber.NEVER_OPEN)
    interface = name.partition("/")[2].partition("@")[0]
    if interface != kind:
        bind(instance, context, f"get-{interface}", lambda: None)


def _link_output(instance: LinkerInstance, context: GuestContext, name: str) -> None:
    lines = Lines(context, name)
    context.at_end.append(lines.end)
    bind_resource(instance, context, "output-stream", ResourceNumber.OUTPUT_STREAM)
    bind(instance, context, f"get-{name}", lambda: new_output(context, lines))
