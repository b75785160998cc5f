"""Whether components get what they need from a workload file: grants for their imports, exports for their triggers.

An import that no host offers is taken from another component of the workload: that grant is added here when exactly one
exports it, so that the workload file names it only where there is a choice.
"""

from collections.abc import Sequence
from dataclasses import replace

from provisioning.component_compiler import World
from provisioning.errors import InputError
from wire import interfaces
from wire.descriptor import Component, Grant
from wire.host_interfaces import OPENED_BY
from wire.manifest import Workload


def complete(workload: Workload, worlds: Sequence[World], *, boards: bool = False) -> Workload:
    """The workload with the grants of its components' exports to each other; `worlds` are in the components' order.

    Raises InputError unless every import is granted, every trigger has its export, and no component waits for itself;
    for `boards` also when they lack an interface.
    """
    components = workload.release.components
    exports = {part.name: world.exports for part, world in zip(components, worlds, strict=True)}
    completed = tuple(
        _with_peers(workload, part, world, exports) for part, world in zip(components, worlds, strict=True)
    )
    for at, (part, world) in enumerate(zip(completed, worlds, strict=True)):
        _check_imports(workload, at, part, world)
        if boards:
            _check_boards(workload, at, part, world)
        _check_exports(workload, part, world)
    _check_order(workload, completed, exports)
    return replace(workload, release=replace(workload.release, components=completed))


def _with_peers(workload: Workload, part: Component, world: World, exports: dict[str, tuple[str, ...]]) -> Component:
    grants = dict(part.grants)
    for name, grant in part.grants.items():
        for provider in grant.labels or () if not _is_offered(name) else ():
            if name not in exports[provider]:
                raise InputError(
                    f"component {provider} does not export {name}, which component {part.name} is to get from it",
                    where=str(workload.path),
                    next_step=f"it exports {', '.join(exports[provider]) or 'nothing'}",
                )
    for name in world.imports:
        if _is_offered(name) or name in grants:
            continue
        providers = [other for other, offered in exports.items() if name in offered and other != part.name]
        if len(providers) > 1:
            raise InputError(
                f"components {' and '.join(providers)} both export {name}, which component {part.name} imports",
                where=str(workload.path),
                next_step=f"say which: {_peer_entry(name, providers[0], part.name)}",
            )
        if providers:
            grants[name] = Grant((providers[0],))
    return replace(part, grants=grants)


def _check_imports(workload: Workload, at: int, part: Component, world: World) -> None:
    for name in world.imports:
        if interfaces.granted(name, part.grants):
            continue
        interface = interfaces.find(interfaces.granting(name))
        if interface is None:
            offered = ", ".join(known.full_name for known in interfaces.IMPORTS)
            raise InputError(
                f"component {part.name} imports {name}, which no host offers and no component of the workload exports",
                where=str(workload.images[at]),
                next_step=f"offered are {offered}",
            )
        namespace, _, package = interface.package.partition(":")
        key = OPENED_BY.get(interface.package, "labels")
        config = f", config: {{{key}: NAME}}" if interface.labelled else ""
        raise InputError(
            f"component {part.name} imports {name}, which the workload file does not grant",
            where=str(workload.path),
            next_step="add to hostInterfaces: "
            f"- {{namespace: {namespace}, package: {package}, interfaces: [{interface.name}]{config}}}",
        )


def _check_boards(workload: Workload, at: int, part: Component, world: World) -> None:
    for name in world.imports:
        if (interface := interfaces.find(name)) is not None and interface.edge_only:
            raise InputError(
                f"component {part.name} imports {name}, which edge hosts alone offer",
                where=str(workload.images[at]),
                next_step="build it without, or deploy the workload to an edge host",
            )


def _check_exports(workload: Workload, part: Component, world: World) -> None:
    for trigger in part.triggers:
        if trigger.export not in map(interfaces.known_name, world.exports):
            raise InputError(
                f"component {part.name} is to be called {trigger}, but exports no {trigger.export}",
                where=str(workload.path),
                next_step=f"export the interface, or remove {trigger.export.partition('/')[0]} from hostInterfaces",
            )


def _check_order(workload: Workload, parts: Sequence[Component], exports: dict[str, tuple[str, ...]]) -> None:
    """Hosts start a component after those that it calls."""
    needs = {
        part.name: {
            label
            for name, grant in part.grants.items()
            if not _is_offered(name)
            for label in grant.labels or ()
            if label in exports
        }
        for part in parts
    }
    while ready := [name for name, needed in needs.items() if not needed & needs.keys()]:
        for name in ready:
            del needs[name]
    if needs:
        raise InputError(
            f"the components {', '.join(needs)} call each other in a ring",
            where=str(workload.path),
            next_step="let them exchange messages one way (wasmcloud:messaging), or make one component of them",
        )


def _is_offered(name: str) -> bool:
    return interfaces.find(name) is not None


def _peer_entry(name: str, provider: str, component: str) -> str:
    path, _, version = name.partition("@")
    package, _, interface = path.partition("/")
    namespace, _, package = package.partition(":")
    config = f"{{component: {provider}, components: {component}}}"
    return (
        f"- {{namespace: {namespace}, package: {package}, interfaces: [{interface}], version: {version}, "
        f"config: {config}}}"
    )
