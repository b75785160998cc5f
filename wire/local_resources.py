"""What a workload file gives one component for itself: `localResources`, and how many instances it may have.

All of wasmCloud's fields that concern a component are read; the few that Petiole does not have say what to write
instead. Secrets are named, their values lie on the device.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from wire.draft import Draft
from wire.edge_options import Mount
from wire.names import check_name
from wire.yaml_nodes import Node, suggestion

_POOL = "poolSize"
_BOUNDS = {"maxInvocations": "max_invocations", "maxConcurrency": "max_concurrency"}
INSTANCES = (_POOL, *_BOUNDS)
"""Fields of a component that say how many instances and calls there are."""

_MEBIBYTE = 1024 * 1024
_PORTS = {"http": 80, "https": 443}
_PORT = re.compile(r":[0-9]+$")
_CONFIG_MAP = "there are no ConfigMaps; write the values in config"
_RESOURCES = ("config", "environment", "volumeMounts", "allowedHosts", "memoryLimitMb")
_UNSUPPORTED = {
    "allowedIpNameLookups": "names are looked up for allowedHosts alone",
    "allowedHostLoopbackPorts": "write localhost:PORT in allowedHosts",
    "cpuLimit": "add petiole:limits with fuel-per-second to hostInterfaces",
    "configFrom": _CONFIG_MAP,
}
_VOLUME = {
    "hostPath": "the volume's name is a label of the device, whose configuration says which folder it is; remove it",
    "ephemeral": "the volume's name is a label of the device, whose configuration says which folder it is; remove it",
}


def volumes(node: Node | None) -> set[str]:
    """The names of the workload's volumes: labels of folders of the device."""
    names: set[str] = set()
    for item in node.items() if node is not None else ():
        named = item.fields(("name",), (), _VOLUME)["name"]
        name = named.checked(lambda text: check_name("label", text), named.text())
        if name in names:
            named.fail(f"there are two volumes {name!r}")
        names.add(name)
    return names


def take_resources(draft: Draft, node: Node, known_volumes: set[str]) -> None:
    """Give a component what `localResources` says."""
    fields = node.fields((), _RESOURCES, _UNSUPPORTED)
    if "config" in fields:
        draft.config = fields["config"].texts()
    if "environment" in fields:
        _take_environment(draft, fields["environment"])
    if "memoryLimitMb" in fields:
        limit = fields["memoryLimitMb"]
        draft.memory = limit.number() * _MEBIBYTE or None
    if "volumeMounts" in fields:
        mounts = tuple(_mount(item, known_volumes) for item in fields["volumeMounts"].items())
        draft.on_edge_hosts(fields["volumeMounts"], "volumeMounts", mounts=mounts)
    if "allowedHosts" in fields:
        hosts = tuple(_host(item) for item in fields["allowedHosts"].items())
        draft.on_edge_hosts(fields["allowedHosts"], "allowedHosts", allowed_hosts=hosts)


def take_instances(draft: Draft, fields: Mapping[str, Node]) -> None:
    """Give a component its pool and its bounds; 0 is what edge hosts do without the field.

    One instance that is kept is what boards have in any case.
    """
    if _POOL in fields:
        draft.says_pool, size = True, fields[_POOL].number()
        if size == 1:
            draft.edge = replace(draft.edge, pool_size=size)
        elif size:
            instead = "write poolSize: 1, which is what boards do"
            draft.on_edge_hosts(fields[_POOL], f"{_POOL}: {size}", instead, pool_size=size)
    for name, option in _BOUNDS.items():
        if name in fields and (count := fields[name].number()):
            draft.on_edge_hosts(fields[name], name, "", **{option: count})


def take_secrets(draft: Draft, node: Node) -> None:
    """Let a component see secrets of the device, as a list of `{name: NAME}` names them."""
    names = tuple(item.fields(("name",))["name"].text() for item in node.items())
    fresh = tuple(name for name in dict.fromkeys(names) if name not in draft.edge.secrets)
    draft.on_edge_hosts(node, "secretFrom", secrets=(*draft.edge.secrets, *fresh))


def _take_environment(draft: Draft, node: Node) -> None:
    fields = node.fields((), ("config", "secretFrom"), {"configFrom": _CONFIG_MAP})
    if "config" in fields:
        values = fields["config"].texts()
        for key, value in values.items():
            if not key or "=" in key or "\0" in key + value:
                fields["config"].fail(f"{key!r} is not the name of an environment variable")
        draft.on_edge_hosts(fields["config"], "environment", environment=values)
    if "secretFrom" in fields:
        take_secrets(draft, fields["secretFrom"])


def _mount(node: Node, known_volumes: set[str]) -> Mount:
    fields = node.fields(("name", "mountPath"), ("readOnly",))
    if (name := fields["name"].text()) not in known_volumes:
        fields["name"].fail(f"there is no volume {name!r}{suggestion(name, known_volumes)}")
    read_only = fields["readOnly"].flag() if "readOnly" in fields else False
    return fields["mountPath"].checked(lambda path: Mount(name, path, read_only), fields["mountPath"].text())


def _host(node: Node) -> str:
    """An allowed host as devices know it: a scheme stands for its port."""
    text = node.text().lower()
    scheme, separator, host = text.partition("://")
    if not separator:
        return text
    if scheme not in _PORTS:
        node.fail(f"{text!r}: the scheme of an allowed host is http or https")
    if host == "*":
        node.fail(f"{text!r} allows every host of one scheme: write '*', or the hosts by name")
    return host if _PORT.search(host) else f"{host}:{_PORTS[scheme]}"
