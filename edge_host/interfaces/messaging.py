"""``wasmcloud:messaging/consumer@0.2.0``: messages to other guests and to the fleet; a grant's labels are filters."""

from __future__ import annotations

import time
from typing import Any

from wasmtime.component import LinkerInstance, Record

from edge_host.interfaces.adapter import bind, record
from edge_host.interfaces.context import GuestContext
from edge_host.messages import Message
from wire.interfaces import MESSAGING
from wire.messages import MAX_MESSAGE_DATA
from wire.subjects import fits, is_subject

UNAVAILABLE = "unavailable"
"""The link that the subject is bound to has no connection now, or cannot do this."""


def broker_message(message: Message) -> Record:
    """The WIT record of a message."""
    return record(subject=message.subject, body=message.body, reply_to=message.reply_to)


def publish(context: GuestContext, message: Message) -> str | None:
    """Send a message; gives the text of the WIT error."""
    if refused := _refused(context, message.subject, message.body):
        return refused
    if message.reply_to is not None and not is_subject(message.reply_to):
        return "invalid-subject"
    try:
        context.bus.publish(message)
    except OSError:
        return UNAVAILABLE
    return None


def request(context: GuestContext, subject: str, body: bytes, timeout_ms: int) -> Message | str:
    """Send a message and wait for the first answer; an error is a text."""
    if refused := _refused(context, subject, body):
        return refused
    answers: list[Message] = []

    def answered(message: Message) -> None:
        answers.append(message)
        context.signal.notify()

    try:
        inbox, close = context.bus.inbox(answered, subject)
    except OSError:
        return UNAVAILABLE
    try:
        context.bus.publish(Message(subject, body, inbox))
        if not context.wait(lambda: bool(answers), time.monotonic() + timeout_ms / 1000):
            return "timeout"
    except OSError:
        return UNAVAILABLE
    finally:
        close()
    context.spend(len(answers[0].body))
    return answers[0]


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface to a guest."""

    def send(message: Any) -> str | None:
        return publish(context, Message(message.subject, message.body, getattr(message, "reply-to")))

    def ask(subject: str, body: bytes, timeout_ms: int) -> Record | str:
        answer = request(context, subject, body, timeout_ms)
        return broker_message(answer) if isinstance(answer, Message) else answer

    bind(instance, context, "publish", send)
    bind(instance, context, "request", ask)


def _refused(context: GuestContext, subject: str, body: bytes) -> str | None:
    context.spend(len(subject.encode()) + len(body))
    if not is_subject(subject):
        return "invalid-subject"
    grant = context.grants[MESSAGING.full_name]
    if subject != context.reply_to and not any(fits(pattern, subject) for pattern in grant.labels or ()):
        return "not-granted"
    if len(body) > MAX_MESSAGE_DATA:
        return "too-long"
    return None if context.take_message() else "rate-limited"
