"""The configuration file: what is right is read, what is wrong is named by file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_host.backends import open_labels
from edge_host.config import load
from edge_host.config_labels import GpioLine, I2cAdapter, PwmChannel, SpiSelect
from edge_host.errors import BusyError, ConfigError
from edge_host.lock import Lock, lock_port

ANCHOR = "ab" * 32
GOOD = f"""
[device]
name = "edge-1"
site = "greenhouse"
state = "state"
[mqtt]
url = "mqtt://127.0.0.1:1883"
[identity]
anchors = ["{ANCHOR}"]
key = "key.pem"
certificate = "certificate.pem"
ca = "ca.pem"
[[boards]]
name = "an505-1"
port = "socket://127.0.0.1:5001"
baud = 115200
[labels.i2c-env]
interface = "wasi:i2c/i2c"
backend = "simulated"
devices = [{{ model = "tmp105", address = 0x48, file = "tmp105.txt" }}]
[labels.led]
interface = "wasi:gpio/digital"
backend = "simulated"
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "agent.toml"
    file.write_text(text)
    return file


def test_the_example_of_enrolment_is_read(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD))
    assert (config.device, config.site, config.state) == ("edge-1", "greenhouse", tmp_path / "state")
    assert config.mqtt is not None
    assert (config.mqtt.host, config.mqtt.port, config.mqtt.tls) == ("127.0.0.1", 1883, False)
    assert config.anchors == (bytes.fromhex(ANCHOR),)
    assert [(board.name, board.port, board.baud) for board in config.boards] == [
        ("an505-1", "socket://127.0.0.1:5001", 115_200)
    ]
    assert config.labels["i2c-env"].devices[0].file == tmp_path / "tmp105.txt"
    assert config.labels["led"].devices == ()


def test_mqtts_takes_the_files_of_the_identity(tmp_path: Path) -> None:
    mqtt = load(write(tmp_path, GOOD.replace("mqtt://127.0.0.1:1883", "mqtts://hub.example"))).mqtt
    assert mqtt is not None
    assert (mqtt.host, mqtt.port, mqtt.tls) == ("hub.example", 8883, True)
    assert (mqtt.ca, mqtt.certificate, mqtt.key) == (
        tmp_path / "ca.pem",
        tmp_path / "certificate.pem",
        tmp_path / "key.pem",
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('name = "edge-1"', "", "device.name: missing"),
        ('name = "edge-1"', 'name = "Edge 1"', "device.name: 'Edge 1' is not a device name"),
        ('site = "greenhouse"', 'sight = "greenhouse"', "device.site: missing"),
        ('state = "state"', 'stat = "state"', "device.stat: unknown key, did you mean 'state'?"),
        ("mqtt://127.0.0.1:1883", "http://127.0.0.1", "mqtt.url: 'http://127.0.0.1' is not mqtt://host:port"),
        ("mqtt://127.0.0.1:1883", "mqtt://a:secret@b", "mqtt.url: must not hold a password"),
        ("mqtt://127.0.0.1:1883", "mqtt://b:99999", "mqtt.url: 'mqtt://b:99999' has a wrong port"),
        (ANCHOR, "ab", "identity.anchors: 'ab' is not a public key"),
        (f'["{ANCHOR}"]', "[]", "identity.anchors: must list at least one public key"),
        ("baud = 115200", 'baud = "fast"', "boards[0].baud: must be a whole number from 300"),
        ("socket://127.0.0.1:5001", "rfc2217://x", "boards[0].port: 'rfc2217://x' is neither a serial device"),
        ('"an505-1"', '"edge-1"', "boards: a board has the name of this device"),
        (
            "[[boards]]",
            '[[boards]]\nname = "b"\nport = "/dev/x"\n[[boards]]\nname = "b"\nport = "/dev/y"\n[[boards]]',
            "used twice",
        ),
        ('"wasi:i2c/i2c"', '"wasi:can/can"', "labels.i2c-env.interface: 'wasi:can/can' is not one of"),
        ('"wasi:i2c/i2c"', '"wasi:spi/spi"', "labels.i2c-env.devices: unknown key"),
        ('"tmp105"', '"bme280"', "labels.i2c-env.devices[0].model: 'bme280' is not one of tmp105"),
        ("0x48", "0x99", "labels.i2c-env.devices[0].address: must be a whole number from 3 to 119"),
        ("[labels.led]", "[labels.LED]", "labels.LED: 'LED' is not a label name"),
        ('backend = "simulated"\ndevices', 'backend = "linux"\ndevices', "labels.i2c-env.bus: missing"),
        ('backend = "simulated"\n', 'backend = "linux"\nbus = 1\n', "labels.i2c-env.devices: unknown key"),
        ('gpio/digital"\n', 'gpio/digital"\nwired-to = "nowhere"\n', "labels.led.wired-to: 'nowhere' is no other"),
        ('gpio/digital"\n', 'gpio/digital"\nline = 4\n', "labels.led.line: unknown key"),
        ("[device]", "[devise]", "device.name: missing"),
        ("[device]", "device", "is not TOML"),
        ("mqtt://127.0.0.1:1883", "mqtts://hub", ""),
    ],
)
def test_a_mistake_is_named(before: str, after: str, said: str, tmp_path: Path) -> None:
    text = GOOD.replace(before, after, 1)
    if not said:
        text, said = text.replace('ca = "ca.pem"\n', ""), "mqtt.ca: missing: mqtts needs ca, certificate and key"
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        load(file)
    assert str(error.value).startswith(f"{file}: ")
    assert said in str(error.value)


def test_the_labels_of_the_reference_are_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/agent.md").read_text(encoding="utf-8")
    labels = page.partition("```toml\n")[2].partition("```")[0]
    config = load(write(tmp_path, GOOD.partition("[labels.i2c-env]")[0] + labels))
    names = "i2c-env spi-loop led button loop-out loop-in dimmer serial-loop files fixed"
    assert set(config.labels) == {*names.split()}
    for folder in ("files", "fixed"):
        (tmp_path / folder).mkdir()
    assert config.labels["loop-in"].wired_to == "loop-out"
    assert config.labels["button"].file == tmp_path / "button.txt"
    opened = open_labels(config.labels)
    assert opened.pin("loop-in") is opened.pin("loop-out")


def test_labels_of_linux_say_where_they_are(tmp_path: Path) -> None:
    linux = """
[labels.bus]
interface = "wasi:i2c/i2c"
backend = "linux"
bus = 1
[labels.radio]
interface = "wasi:spi/spi"
backend = "linux"
bus = 0
mode = 3
[labels.door]
interface = "wasi:gpio/digital"
backend = "linux"
line = 17
active-low = true
direction = "in"
[labels.lamp]
interface = "wasi:gpio/pwm"
backend = "linux"
channel = 1
"""
    labels = load(write(tmp_path, GOOD + linux)).labels
    assert labels["bus"].linux == I2cAdapter(1)
    assert labels["radio"].linux == SpiSelect(0, 0, 1_000_000, 3)
    assert labels["door"].linux == GpioLine(Path("/dev/gpiochip0"), 17, True, "as-is", True)
    assert labels["lamp"].linux == PwmChannel(0, 1, 1_000_000)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.toml: cannot be read: No such file.*--config"):
        load(tmp_path / "nowhere.toml")


def test_a_lock_names_its_holder_until_it_is_released(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock", "the folder", "agent one", "use another")
    with pytest.raises(BusyError, match=r"^the folder is in use by process \d+ \(agent one\); use another$"):
        Lock(tmp_path / "lock", "the folder", "agent two", "use another")
    lock.release()
    Lock(tmp_path / "lock", "the folder", "agent two", "use another").release()


def test_two_names_of_one_port_are_one_lock(tmp_path: Path) -> None:
    (tmp_path / "ttyACM0").touch()
    (tmp_path / "by-id").symlink_to(tmp_path / "ttyACM0")
    lock = lock_port(str(tmp_path / "ttyACM0"), "one")
    with pytest.raises(BusyError, match="one"):
        lock_port(str(tmp_path / "by-id"), "two")
    lock.release()
