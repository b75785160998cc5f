"""What people install: the wheel in a clean environment, the Debian package in a clean Debian."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.home.conftest import config_text
from tools import deb

pytestmark = [pytest.mark.system, pytest.mark.timeout(900), pytest.mark.xdist_group("packages")]

CACHE = deb.ROOT / ".cache" / "debian-root.tar"
FOREIGN = ("typer", "rich", "httpx", "yaml", "pydantic", "fastapi", "sqlalchemy", "nicegui", "cryptography", "detools")
Command = Sequence[str | Path]


def run(*command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean_environment())
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


def clean_environment() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "PETIOLE"))
    }


def runs_an_agent(petiole: Command, agent: Command, config: str) -> None:
    """An agent comes up, answers at its socket, and ends when it is told to."""
    process = subprocess.Popen(
        [*agent, "agent", "run", "--config", config],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=clean_environment(),
    )
    try:
        deadline = time.monotonic() + 60
        asked = run(*petiole, "status", "--local", "--json", "--config", config, check=False)
        while asked.returncode and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.2)
            asked = run(*petiole, "status", "--local", "--json", "--config", config, check=False)
        assert asked.returncode == 0, asked.stderr
        assert json.loads(asked.stdout)["device"] == "edge-1"
        assert run(*petiole, "agent", "metrics", "--config", config).stdout.startswith("# HELP petiole_")
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
        print(said)
    assert process.returncode == 0


def engine_works(petiole: Command, config: str) -> None:
    told = json.loads(run(*petiole, "agent", "doctor", "--json", "--config", config, check=False).stdout)
    levels = {finding["check"]: finding["level"] for finding in told["findings"]}
    assert (levels["engine"], levels["configuration"], levels["state"]) == ("ok", "ok", "ok"), told


# The wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deb.build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a clean environment into which `pip install petiole` was run, without extras."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder / "venv")
    constraints = deb.ROOT / "tools/constraints.txt"
    run(folder / "venv/bin/pip", "install", "--quiet", *(("-c", constraints) if constraints.exists() else ()), wheel)
    return folder / "venv/bin"


def test_the_wheel_alone_is_an_agent(installed: Path, tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(config_text())
    petiole = [installed / "petiole"]
    engine_works(petiole, str(config))
    runs_an_agent(petiole, petiole, str(config))


def test_the_wheel_alone_brings_nothing_of_fleet_or_tools(installed: Path) -> None:
    listed = json.loads(run(installed / "pip", "list", "--format=json").stdout)
    names = {entry["name"].lower() for entry in listed}
    assert "petiole" in names
    assert not names & {name.replace("yaml", "pyyaml") for name in FOREIGN}
    other = run(installed / "petiole", "deploy", "x", check=False)
    assert (other.returncode, "install petiole[cli] to use this command" in other.stderr) == (1, True)


def test_an_image_is_prepared_by_the_wheel(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "petiole", "agent", "install", "--generic", "--root", tmp_path)
    assert "petiole-agent.service" in done.stdout
    unit = (tmp_path / "etc/systemd/system/petiole-agent.service").read_text()
    assert f"ExecStart={installed}/python" in unit


# The Debian package


@pytest.fixture(scope="session")
def package(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("dpkg-deb") is None or not deb.PYTHON.exists():
        pytest.skip("needs dpkg-deb and Debian's python3")
    return deb.build(tmp_path_factory.mktemp("deb"), wheel=wheel)


def test_the_package_is_in_order(package: Path, tmp_path: Path) -> None:
    fields = run("dpkg-deb", "--field", package).stdout
    assert "Package: petiole-agent\n" in fields
    run("dpkg-deb", "--raw-extract", package, tmp_path / "root")
    listed = run("dpkg-deb", "--contents", package).stdout.splitlines()
    assert {line.split()[1] for line in listed} == {"root/root"}
    assert not [line for line in listed if "__pycache__" in line or "/fleet/" in line or "/provisioning/" in line]
    assert not [line for line in listed if line[0] != "l" and line[8] == "w"], "writable by everybody"
    run("sh", "-c", f"cd '{tmp_path}/root' && md5sum --check --quiet DEBIAN/md5sums")
    for script in deb.SCRIPTS:
        run("sh", "-n", tmp_path / "root/DEBIAN" / script)


def test_the_package_runs_where_it_is_unpacked(package: Path, tmp_path: Path) -> None:
    run("dpkg-deb", "--extract", package, tmp_path / "root")
    config = tmp_path / "agent.toml"
    config.write_text(config_text())
    python = tmp_path / "root/usr/lib/petiole/bin/python"
    engine_works([python, "-I", tmp_path / "root/usr/lib/petiole/bin/petiole"], str(config))


@pytest.fixture
def clean_root(tmp_path: Path) -> Iterator[Path]:
    """A Debian with nothing but python3 and adduser, made by debootstrap once and kept in .cache."""
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        pytest.skip("needs root and debootstrap")
    root = tmp_path / "debian"
    if not CACHE.exists():
        lines = Path("/etc/os-release").read_text().splitlines()
        release = dict(line.split("=", 1) for line in lines if "=" in line)
        suite = release.get("VERSION_CODENAME", "").strip('"')
        done = run("debootstrap", "--variant=minbase", "--include=python3,adduser", suite, root, check=False)
        if done.returncode:
            pytest.skip(f"debootstrap does not reach its mirror: {done.stdout[-300:]}")
        shutil.rmtree(root / "var/cache/apt/archives")
        half = CACHE.with_suffix(f".{os.getpid()}")
        run("tar", "--create", "--file", half, "--one-file-system", "--directory", root, ".")
        half.rename(CACHE)
    else:
        root.mkdir()
        run("tar", "--extract", "--file", CACHE, "--directory", root)
    run("mount", "-t", "proc", "proc", root / "proc")
    yield root
    run("umount", root / "proc")
    shutil.rmtree(root)


def test_the_package_is_installed_run_and_removed_in_a_clean_debian(package: Path, clean_root: Path) -> None:
    inside: Command = ["chroot", clean_root]
    shutil.copy(package, clean_root / "tmp/petiole.deb")
    run(*inside, "dpkg", "--install", "/tmp/petiole.deb")
    groups = run(*inside, "id", "-nG", "petiole").stdout.split()
    assert {"petiole", "dialout"} <= {*groups}
    config = clean_root / "etc/petiole/agent.toml"
    config.write_text(config_text().replace('site = "greenhouse"', 'site = "greenhouse"\nstate = "/var/lib/petiole"'))
    config.chmod(0o600)
    run(*inside, "petiole", "agent", "install")
    engine_works([*inside, "petiole"], "/etc/petiole/agent.toml")
    as_petiole: Command = ["chroot", "--userspec=petiole:petiole", clean_root, "petiole"]
    runs_an_agent([*inside, "petiole"], as_petiole, "/etc/petiole/agent.toml")
    run(*inside, "dpkg", "--install", "/tmp/petiole.deb")  # an update over itself keeps everything
    assert config.exists()
    run(*inside, "dpkg", "--remove", "petiole-agent")
    assert (config.exists(), (clean_root / "usr/lib/petiole").exists()) == (True, False)
    run(*inside, "dpkg", "--purge", "petiole-agent")
    assert not config.exists()
    assert not (clean_root / "var/lib/petiole").exists()
