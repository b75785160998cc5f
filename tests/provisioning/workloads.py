"""Workload files around the crates in `examples/`, written to a test's own folder."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
HELLO = ROOT / "examples" / "hello"

LOGGING = "        - {namespace: wasi, package: logging, interfaces: [logging]}\n"
SCHEDULE = "        - {namespace: petiole, package: schedule, interfaces: [handler], config: {every: 1s}}\n"


def write(folder: Path, *, crate: Path | None = HELLO, interfaces: str = LOGGING + SCHEDULE, extra: str = "") -> Path:
    """Write `workload.yaml`: one component `hello`, and `extra` components."""
    annotations = f'  annotations: {{petiole.build/crate: "{crate}"}}\n' if crate else ""
    path = folder / "workload.yaml"
    path.write_text(
        "apiVersion: runtime.wasmcloud.dev/v1alpha1\n"
        "kind: WorkloadDeployment\n"
        "metadata:\n"
        "  name: hello\n"
        '  labels: {app.kubernetes.io/version: "1.0.0"}\n'
        f"{annotations}"
        "spec:\n"
        "  template:\n"
        "    spec:\n"
        "      components:\n"
        "        - {name: hello, image: 'file:hello.wasm'}\n"
        f"{extra}"
        f"      hostInterfaces:{'' if interfaces else ' []'}\n"
        f"{interfaces}"
    )
    return path
