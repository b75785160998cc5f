"""`petiole agent doctor`: looks for what keeps the agent from working and says what to do."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from edge_host.admin import check_hardware, check_machine, check_network
from edge_host.admin.common import default_config
from edge_host.admin.findings import BAD, OK, UNIT_FILES, WARN, Finding, Person, agent_user
from edge_host.admin.install import installation
from edge_host.admin.unit import unit_text
from edge_host.config import Config, load
from edge_host.errors import ConfigError

MARKS = {OK: "ok  ", WARN: "warn", BAD: "BAD "}
COLOURS = {OK: "\033[32m", WARN: "\033[33m", BAD: "\033[1;31m"}


def main(arguments: list[str]) -> int:
    """Print what was found; exit code 1 when something is wrong."""
    parser = argparse.ArgumentParser(
        prog="petiole agent doctor",
        description="Looks for what keeps the agent of this machine from working, and says what to do.",
    )
    parser.add_argument("--config", type=Path, default=default_config(), help="the agent's file")
    parser.add_argument("--user", help="whom the agent runs as (the service's user when root asks, else who asks)")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    options = parser.parse_args(arguments)
    findings = list(examine(options.config, options.user))
    wrong = any(finding.level == BAD for finding in findings)
    if options.json:
        print(json.dumps({"ok": not wrong, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        for finding in findings:
            _show(finding)
        print("\nSomething is wrong; see above." if wrong else "\nThe agent can work here.")
    return int(wrong)


def examine(file: Path, user: str | None) -> Iterator[Finding]:
    """Everything there is to find; a check that fails itself is a finding."""
    try:
        person = agent_user(user)
    except KeyError:
        yield Finding("user", BAD, f"there is no user {user!r}", "sudo petiole agent install")
        return
    try:
        config = load(file)
    except ConfigError as error:
        make, correct = "petiole device enroll NAME --site SITE --edge FOLDER makes one", "correct the file"
        yield Finding("configuration", BAD, str(error), correct if file.exists() else make)
        return
    yield Finding("configuration", OK, f"{file} is right: {config.device} at {config.site}, run by {person.name}")
    for name, check in _checks(config, person):
        try:
            yield from check()
        except Exception as error:  # a doctor that falls ill tells it
            yield Finding(name, WARN, f"could not be looked at: {type(error).__name__}: {error}", "run it as root?")


def _checks(config: Config, person: Person) -> list[tuple[str, Callable[[], Iterator[Finding]]]]:
    return [
        ("files", lambda: check_machine.files(config, person)),
        ("service", lambda: service(config)),
        ("clock", check_machine.clock),
        ("disk", lambda: check_machine.disk(config)),
        ("state", lambda: check_machine.state(config, person)),
        ("engine", lambda: check_machine.engine(config)),
        ("labels", lambda: check_hardware.labels(config, person)),
        ("ports", lambda: check_hardware.ports(config)),
        ("certificate", lambda: check_network.certificate(config)),
        ("broker", lambda: check_network.broker(config)),
    ]


def service(config: Config, unit_files: tuple[Path, ...] = UNIT_FILES) -> Iterator[Finding]:
    """Whether the installed unit fits the configuration."""
    installed = next((file for file in unit_files if file.is_file()), None)
    if installed is None:
        yield Finding("service", OK, "the agent is not installed as a service; to do so: sudo petiole agent install")
        return
    text = installed.read_text(encoding="utf-8")
    wanted = unit_text(installation(Path("/"), config.file, config))
    devices = {line for line in wanted.splitlines() if line.startswith(("DeviceAllow=", "SupplementaryGroups="))}
    missing = devices - set(text.splitlines())
    if missing and "for any configuration" not in text:
        advice = "sudo petiole agent install && sudo systemctl restart petiole-agent"
        yield Finding("service", BAD, f"{installed} does not allow: {', '.join(sorted(missing))}", advice)
    else:
        yield Finding("service", OK, f"{installed} fits the configuration")


def _show(finding: Finding) -> None:
    mark = MARKS[finding.level]
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        mark = f"{COLOURS[finding.level]}{mark}\033[0m"
    print(f"{mark} {finding.check}: {finding.message}")
    if finding.advice and finding.level != OK:
        print(f"       -> {finding.advice}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
