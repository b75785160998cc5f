"""Chapters 1 to 3: firmware is built, a site comes up, its devices get identities."""

import json
from concurrent.futures import ThreadPoolExecutor

from petiole.demo.processes import free_port, petiole
from petiole.demo.stage import BLINK_BOARD, BOARD_TYPES, EDGE, SENSOR_BOARD, SITE, Stage

EXAMPLES = (
    "thermometer/workload.yaml",
    "thermometer/workload-2.yaml",
    "thermometer/workload-3.yaml",
    "blinky/workload.yaml",
    "lm75/workload.yaml",
)
COMPONENTS = tuple(f"examples/{example}" for example in EXAMPLES)


def build(stage: Stage) -> None:
    """PlatformIO builds the board host for both emulated boards; components and keys to sign with are made."""
    stage.chapter(1, "Build")
    for board in BOARD_TYPES.values():
        with stage.step(f"board host for {board}") as result:
            built = json.loads(stage.run("board", "build", board, "--json").stdout)
            stage.facts[board] = built
            result.append(f"flash {built['flash'] / 1024:.0f} KB, RAM {built['ram'] / 1024:.0f} KB")
    for manifest in COMPONENTS:
        with stage.step(f"component of {manifest}") as result:
            built = json.loads(stage.run("component", "build", manifest, "--json").stdout)
            stage.facts[manifest] = built
            result.append(f"{built['component']} bytes, {built['compiled']} compiled for boards")
    with stage.step("keys: the release key, and one that nobody trusts") as result:
        for name in ("release", "stranger"):
            stage.run("keys", "new", name, "--dir", str(stage.folder / "keys"))
        result.append("Ed25519, readable by their owner alone")


def site_up(stage: Stage) -> None:
    """Hub, fleet, leaf and both boards start, each with its own state folder."""
    stage.chapter(2, "Site up")
    ports = {name: free_port() for name in ("fleet", "hub", "leaf-link", "leaf", SENSOR_BOARD, BLINK_BOARD)}
    stage.fleet_port = ports["fleet"]
    stage.facts["ports"] = ports
    with stage.step("fleet with its nats-server hub") as result:
        stage.processes.start(
            "fleet",
            petiole(
                *("fleet", "serve", "--state", str(stage.folder / "fleet"), "--port", str(ports["fleet"])),
                *("--embedded-broker", str(ports["hub"]), "--leaf-port", str(ports["leaf-link"])),
            ),
        )
        stage.wait_for("the fleet's API", lambda: fleet_answers(stage))
        stage.run("keys", "trust", str(stage.folder / "keys" / "release.pub"), "--fleet", stage.fleet_url)
        result.append(stage.fleet_url)
    with stage.step(f"nats-server leaf of site {SITE}") as result:
        stage.run("fleet", "site", SITE, "--fleet", stage.fleet_url)
        stage.processes.start(
            "leaf",
            petiole(
                *("fleet", "leaf", "--site", SITE, "--port", str(ports["leaf"]), "--state", str(stage.folder / "leaf")),
                *("--fleet-state", str(stage.folder / "fleet"), "--hub", f"nats-leaf://127.0.0.1:{ports['leaf-link']}"),
            ),
        )
        result.append(f"MQTT on 127.0.0.1:{ports['leaf']}")
    for device, board in BOARD_TYPES.items():
        with stage.step(f"{device}: flashed and started in QEMU") as result:
            folder = stage.folder / device
            stage.run("board", "flash", board, "--device-dir", str(folder))
            stage.processes.start(
                device,
                petiole(
                    *("emulate", board, "--dir", str(folder), "--serial-port", str(ports[device])),
                    *("--qmp", str(folder / "qmp.sock")),
                ),
            )
            result.append(f"serial on socket://127.0.0.1:{ports[device]}")


def fleet_answers(stage: Stage) -> bool:
    """Whether the fleet's API answers."""
    return stage.run("device", "list", "--fleet", stage.fleet_url, "--json", expect=(0, 1)).returncode == 0


def enroll(stage: Stage) -> None:
    """The edge host and both boards get identities and trust anchors, and the agent starts."""
    stage.chapter(3, "Enroll")
    ports = stage.facts["ports"]
    address = {device: f"socket://127.0.0.1:{ports[device]}" for device in BOARD_TYPES}
    enrolled = " and ".join(BOARD_TYPES)
    with stage.step(f"{enrolled}: keys made on the boards, anchors written") as result, ThreadPoolExecutor() as pool:
        list(pool.map(lambda device: enroll_board(stage, device, address[device]), BOARD_TYPES))
        result += [f"{device} {stage.device(device)['public_key'][:16]}..." for device in BOARD_TYPES]
    with stage.step(f"{EDGE}: key and certificate, agent started") as result:
        boards = ",".join(f"{device}={port}" for device, port in address.items())
        stage.run(
            *("device", "enroll", EDGE, "--site", SITE, "--edge", str(stage.folder / EDGE), "--boards", boards),
            *("--mqtt", f"mqtt://127.0.0.1:{ports['leaf']}", "--fleet", stage.fleet_url),
        )
        add_simulated_sensor(stage)
        stage.processes.start("agent", petiole("agent", "run", "--config", str(stage.folder / EDGE / "agent.toml")))
        stage.wait_for("three devices online", lambda: online(stage) == 3)
        result.append("three devices online in the fleet")


def enroll_board(stage: Stage, device: str, port: str) -> None:
    """Gives one board its identity over its serial port."""
    stage.run("device", "enroll", device, "--site", SITE, "--port", port, "--fleet", stage.fleet_url)


def add_simulated_sensor(stage: Stage) -> None:
    """The edge host offers the same labels as the boards, with a simulated TMP105 behind them."""
    (stage.folder / EDGE / "tmp105.txt").write_text("19.5\n")
    with (stage.folder / EDGE / "agent.toml").open("a") as config:
        config.write(
            '\n[labels.i2c-env]\ninterface = "wasi:i2c/i2c"\nbackend = "simulated"\n'
            'devices = [{ model = "tmp105", address = 0x48, file = "tmp105.txt" }]\n'
        )


def online(stage: Stage) -> int:
    """How many devices the fleet sees online."""
    return sum(device["status"] == "online" for device in stage.fleet("device", "list"))
