"""`petiole agent install`: a hardened systemd unit, the agent's user, and files that it may read.

On a running machine it needs root. With ``--root`` it prepares the folder of an image instead, with ``--print`` it
shows the unit and changes nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from edge_host.admin.common import SYSTEM_CONFIG, run
from edge_host.admin.unit import UNIT, Installation, missing_groups, names, sysusers_text, unit_text
from edge_host.config import Config, load
from edge_host.errors import ConfigError, EdgeHostError

PRIVATE = 0o640


def main(arguments: list[str]) -> int:
    """Install, or print; exit code 1 when something is in the way."""
    parser = argparse.ArgumentParser(
        prog="petiole agent install", description="Writes a hardened systemd unit for the agent of this machine."
    )
    parser.add_argument("--config", type=Path, default=SYSTEM_CONFIG, help=f"the agent's file ({SYSTEM_CONFIG})")
    parser.add_argument("--root", type=Path, default=Path("/"), help="the root folder of an image to prepare")
    parser.add_argument("--print", action="store_true", dest="show", help="print the unit and change nothing")
    parser.add_argument("--user", default="petiole", help="the user that the agent runs as (petiole)")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="the interpreter that has petiole")
    parser.add_argument(
        "--generic", action="store_true", help="a unit for any configuration: it allows whole kinds of devices"
    )
    return run("agent install", lambda: _install(parser.parse_args(arguments)))


def _install(options: argparse.Namespace) -> int:
    found = None if options.generic else load_in(options.root, options.config)
    made = installation(options.root, options.config, found, options.python, options.user)
    if options.show:
        sys.stdout.write(unit_text(made))
        return 0
    live = options.root.resolve() == Path("/")
    if live and os.geteuid() != 0:
        raise EdgeHostError("only root may install a service; run it with sudo, or look at it with --print")
    _write(options.root / "etc/sysusers.d/petiole.conf", sysusers_text(options.user))
    if live:
        _make_user(options.user)
    _write(options.root / "etc/systemd/system" / UNIT, unit_text(made))
    if found is not None:
        _let_read(options.root, found, options.user)
    for group in missing_groups(made):
        print(f"note: there is no group {group!r} on this machine; the agent cannot open its devices without it")
    if live:
        _tell_systemd()
        print(f"installed; start it with: systemctl enable --now {UNIT.removesuffix('.service')}")
    else:
        print(f"{options.root}: installed; enable it with: systemctl --root {options.root} enable {UNIT}")
    return 0


def installation(
    root: Path, config: Path, found: Config | None, python: Path = Path(sys.executable), user: str = "petiole"
) -> Installation:
    """What the unit is made of on the machine whose root folder is `root`."""
    return Installation(config.absolute(), python.absolute(), user, found, _lines(root / "etc/group"))


def load_in(root: Path, config: Path) -> Config:
    """The configuration `config` of the machine whose root folder is `root`, with paths as that machine sees them."""
    file = config if root.resolve() == Path("/") else root / config.relative_to("/")
    if not file.is_file():
        raise ConfigError(
            file, "", "does not exist; make it with: petiole device enroll NAME --site SITE --edge FOLDER, or --generic"
        )
    found = load(file)
    if file == config:
        return found
    return load(file, seen_as=config)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.chmod(0o644)
    temporary.replace(file)
    print(f"wrote {file}")


def _make_user(user: str) -> None:
    if user in (_lines(Path("/etc/passwd")) or ()):
        return
    for tool in (["systemd-sysusers"], ["useradd", "--system", "--user-group", "--no-create-home", user]):
        if shutil.which(tool[0]) and subprocess.run(tool, check=False).returncode == 0:
            return
    raise EdgeHostError(f"the user {user!r} cannot be made; make it with: useradd --system {user}")


def _let_read(root: Path, config: Config, user: str) -> None:
    """The agent's user reads its configuration and key through its group; nobody else does."""
    group = _ids(root / "etc/group").get(user)
    private = [config.file, *([config.mqtt.key] if config.mqtt is not None and config.mqtt.key else [])]
    for seen in private:
        file = seen if root.resolve() == Path("/") else root / seen.relative_to("/")
        if group is None:
            print(f"note: there is no group {user!r} in {root} yet; on the machine, let it read {seen}")
            continue
        os.chown(file, -1, group)
        file.chmod(PRIVATE)
        if file.parent.stat().st_mode & 0o001 == 0:
            os.chown(file.parent, -1, group)
            file.parent.chmod(file.parent.stat().st_mode & 0o7777 | 0o050)


def _tell_systemd() -> None:
    if Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "daemon-reload"], check=False)


def _lines(file: Path) -> frozenset[str] | None:
    try:
        return names(file.read_text(encoding="utf-8").splitlines())
    except OSError:
        return None


def _ids(file: Path) -> dict[str, int]:
    try:
        rows = [line.split(":") for line in file.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return {}
    return {row[0]: int(row[2]) for row in rows if len(row) > 2 and row[2].isdecimal()}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
