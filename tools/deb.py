"""Builds the Debian package of the agent: `python -m tools.deb [--out FOLDER]`, or `make deb`.

The package holds the agent with all Python packages that it needs, in an environment of its own that uses the
machine's Python; it fits Debian releases with the Python of the machine that builds it, and its processor. Needs
dpkg-deb and Debian's python3; no root, because dpkg-deb gives all files to root.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from edge_host.admin.unit import Installation, unit_text

ROOT = Path(__file__).parents[1]
PARTS = ROOT / "packaging" / "deb"
PYTHON = Path("/usr/bin/python3")
HOME = Path("/usr/lib/petiole")
SCRIPTS = ("postinst", "prerm", "postrm")
NOT_SHIPPED = ("__pycache__", "tests", "test")
LEFT_OUT = ("fleet", "provisioning", "hil")
"""Our packages that the agent does not need."""


class BuildError(Exception):
    """The package cannot be built; says what is missing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the package; prints its path."""
    parser = argparse.ArgumentParser(prog="python -m tools.deb", description="Builds the Debian package of the agent.")
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="folder for the package")
    parser.add_argument("--without-devices", action="store_true", help="leave out smbus2, spidev and gpiod")
    options = parser.parse_args(arguments)
    try:
        print(build(options.out, devices=not options.without_devices))
    except BuildError as error:
        print(f"deb: {error}", file=sys.stderr)
        return 1
    return 0


def build(out: Path, *, devices: bool = True, wheel: Path | None = None) -> Path:
    """The package in `out`, of this checkout or of a `wheel` of it; raises `BuildError`."""
    for tool in ("dpkg-deb", "dpkg"):
        if shutil.which(tool) is None:
            raise BuildError(f"{tool} is missing: apt-get install dpkg")
    if not PYTHON.exists():
        raise BuildError(f"{PYTHON} is missing: apt-get install python3")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="petiole-deb-") as scratch:
        stage = Path(scratch) / "root"
        fill(stage, wheel or build_wheel(Path(scratch)), devices=devices)
        package = out / f"petiole-agent_{version()}_{_said('dpkg', '--print-architecture')}.deb"
        _run("dpkg-deb", "--build", "--root-owner-group", "-Zxz", stage, package)
    return package


def build_wheel(scratch: Path) -> Path:
    """Our wheel, from the tracked and the new files of this checkout."""
    source = scratch / "source"
    listed = _said("git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for name in listed:
        file = ROOT / name
        if file.is_file() and (name.endswith((".py", ".toml", ".typed", ".txt", ".mako")) or "/" not in name):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, source / name)
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", scratch, source)
    return next(scratch.glob("petiole-*.whl"))


def fill(stage: Path, wheel: Path, *, devices: bool) -> None:
    """Lay out the package's files below `stage`."""
    minor = _said(PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    home = stage / HOME.relative_to("/")
    packages = home / "lib" / f"python{minor}" / "site-packages"
    packages.mkdir(parents=True)
    wanted = f"{wheel}[devices,http]" if devices else f"{wheel}[http]"
    constraints = ROOT / "tools" / "constraints.txt"
    more = ["-c", constraints] if constraints.exists() else []
    _run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        PYTHON,
        "install",
        "--quiet",
        "--no-compile",
        "--target",
        packages,
        *more,
        wanted,
    )
    prune(packages)
    (home / "bin").mkdir()
    (home / "bin/python").symlink_to(f"/usr/bin/python{minor}")
    (home / "pyvenv.cfg").write_text(f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {minor}\n")
    write(home / "bin/petiole", f"#!{HOME}/bin/python -I\nfrom petiole.main import main\n\nmain()\n", 0o755)
    (stage / "usr/bin").mkdir(parents=True)
    (stage / "usr/bin/petiole").symlink_to("../lib/petiole/bin/petiole")
    unit = unit_text(Installation(Path("/etc/petiole/agent.toml"), HOME / "bin/python"))
    write(stage / "usr/lib/systemd/system/petiole-agent.service", unit)
    write(stage / "etc/default/petiole-agent", (PARTS / "default").read_text())
    write(stage / "usr/share/doc/petiole-agent/copyright", (PARTS / "copyright").read_text())
    write(stage / "usr/share/doc/petiole-agent/CHANGELOG.md", (ROOT / "CHANGELOG.md").read_text())
    _control(stage, minor)


def _control(stage: Path, minor: str) -> None:
    files = sorted(path for path in stage.rglob("*") if path.is_file() and not path.is_symlink())
    sums = [f"{hashlib.md5(file.read_bytes()).hexdigest()}  {file.relative_to(stage)}\n" for file in files]  # noqa: S324
    major, _, second = minor.partition(".")
    text = (PARTS / "control").read_text()
    fields = {
        "version": version(),
        "architecture": _said("dpkg", "--print-architecture"),
        "size": str(sum(file.stat().st_size for file in files) // 1024),
        "python": minor,
        "next_python": f"{major}.{int(second) + 1}",
    }
    write(stage / "DEBIAN/control", text.format(**fields))
    write(stage / "DEBIAN/conffiles", (PARTS / "conffiles").read_text())
    write(stage / "DEBIAN/md5sums", "".join(sums))
    for name in SCRIPTS:
        write(stage / "DEBIAN" / name, (PARTS / name).read_text(), 0o755)


def prune(packages: Path) -> None:
    """Take out what the agent does not need, and what pip leaves in a target folder."""
    for name in LEFT_OUT:
        shutil.rmtree(packages / name, ignore_errors=True)
    shutil.rmtree(packages / "petiole" / "demo", ignore_errors=True)
    shutil.rmtree(packages / "bin", ignore_errors=True)
    for folder in [path for path in packages.rglob("*") if path.name in NOT_SHIPPED and path.is_dir()]:
        shutil.rmtree(folder, ignore_errors=True)
    for path in packages.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.suffix == ".so" else 0o644)


def version() -> str:
    """Our version as Debian writes it."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def write(file: Path, text: str, mode: int = 0o644) -> None:
    """Write a file of the package."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)


def _run(*command: object) -> None:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, env=_environment()
    )
    if done.returncode:
        raise BuildError(f"{command[0]} ... {command[-1]} failed:\n{done.stdout}{done.stderr}")


def _said(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{command[0]} failed: {done.stderr}")
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    return {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


if __name__ == "__main__":
    raise SystemExit(main())
