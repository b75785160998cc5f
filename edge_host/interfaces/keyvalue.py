"""``wasi:keyvalue`` store and atomics @0.2.0-draft: what a workload keeps; a grant's labels are its buckets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from wasmtime.component import LinkerInstance, Record, ResourceHost, Variant

from edge_host.interfaces.adapter import (
    ResourceNumber,
    bind,
    bind_method,
    bind_resource,
    bind_with_objects,
    err,
    new_handle,
    ok,
    record,
)
from edge_host.interfaces.context import GuestContext
from edge_host.key_values import KeyValueFullError, NotANumberError
from wire.interfaces import KEY_VALUE

LONGEST_KEY = 64
ACCESS_DENIED = Variant("access-denied")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Bucket:
    """An open bucket."""

    name: str


def attempt(context: GuestContext, key: str, action: Callable[[], Result]) -> Result | Variant:
    """Run `action` on `key`; what goes wrong becomes the WIT error."""
    return attempt_all(context, [key], action)


def attempt_all(context: GuestContext, keys: list[str], action: Callable[[], Result]) -> Result | Variant:
    """Run `action` on `keys`; what goes wrong becomes the WIT error."""
    sizes = [len(key.encode()) for key in keys]
    context.spend(sum(sizes))
    if not all(0 < size <= LONGEST_KEY for size in sizes):
        return Variant("other", "invalid-key")
    try:
        return action()
    except KeyValueFullError:
        most = context.limits.key_value_bytes
        context.exceeded(context.key_values_told, "key-value-bytes", most)
        return Variant("other", "over-limit")
    except NotANumberError:
        return Variant("other", "not-a-number")


def get(context: GuestContext, bucket: Bucket, key: str) -> bytes | Variant | None:
    """The value under `key`."""
    value = attempt(context, key, lambda: context.key_values.get(bucket.name, key))
    context.spend(len(value) if isinstance(value, bytes) else 0)
    return value


def put(context: GuestContext, bucket: Bucket, key: str, value: bytes) -> Variant | None:
    """Keep `value` under `key`."""
    context.spend(len(value))
    return attempt(context, key, lambda: context.key_values.set(bucket.name, key, value))


def list_keys(context: GuestContext, bucket: Bucket, cursor: int | None) -> Record:
    """A page of keys."""
    keys, following = context.key_values.keys(bucket.name, cursor or 0)
    context.spend(sum(len(key.encode()) for key in keys))
    return record(keys=keys, cursor=following)


def link_store(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:keyvalue/store`` to a guest."""
    values = context.key_values

    def open_bucket(identifier: str) -> ResourceHost | Variant:
        if not context.may_open(KEY_VALUE.full_name, identifier):
            return ACCESS_DENIED
        return new_handle(context, ResourceNumber.BUCKET, Bucket(identifier))

    def method(name: str, function: Callable[..., object]) -> None:
        bind_method(instance, context, f"bucket.{name}", Bucket, function)

    bind_resource(instance, context, "bucket", ResourceNumber.BUCKET)
    bind(instance, context, "open", open_bucket)
    method("get", lambda bucket, key: get(context, bucket, key))
    method("set", lambda bucket, key, value: put(context, bucket, key, value))
    method("delete", lambda bucket, key: attempt(context, key, lambda: values.delete(bucket.name, key)))
    method("exists", lambda bucket, key: attempt(context, key, lambda: values.get(bucket.name, key) is not None))
    method("list-keys", lambda bucket, cursor: list_keys(context, bucket, cursor))


def link_atomics(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:keyvalue/atomics`` to a guest."""

    def increment(bucket: Bucket, key: str, delta: int) -> int | Variant:
        return attempt(context, key, lambda: context.key_values.increment(bucket.name, key, delta))

    bind_with_objects(instance, context, "increment", Bucket, increment)


def link_batch(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:keyvalue/batch`` to a guest."""
    values = context.key_values
    bind_resource(instance, context, "bucket", ResourceNumber.BUCKET)

    def result(found: object) -> Variant:
        return err(found) if isinstance(found, Variant) else ok(found)

    def get_many(bucket: Bucket, keys: list[str]) -> Variant:
        found = attempt_all(context, keys, lambda: values.get_many(bucket.name, keys))
        if isinstance(found, Variant):
            return err(found)
        context.spend(sum(len(value) for value in found if value is not None))
        return ok([None if value is None else (key, value) for key, value in zip(keys, found, strict=True)])

    def set_many(bucket: Bucket, entries: list[tuple[str, bytes]]) -> Variant:
        context.spend(sum(len(value) for _, value in entries))
        return result(attempt_all(context, [key for key, _ in entries], lambda: values.set_many(bucket.name, entries)))

    def delete_many(bucket: Bucket, keys: list[str]) -> Variant:
        return result(attempt_all(context, keys, lambda: values.delete_many(bucket.name, keys)))

    bind_with_objects(instance, context, "get-many", Bucket, get_many)
    bind_with_objects(instance, context, "set-many", Bucket, set_many)
    bind_with_objects(instance, context, "delete-many", Bucket, delete_many)
