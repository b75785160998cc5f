"""The reference page of workload files says what `wire` reads."""

import re
from dataclasses import fields
from pathlib import Path

from wire import manifest
from wire.descriptor import Grant, Limits, Probation
from wire.triggers import EdgeKind, Every, InputEdge, MessageFilter, Service

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "workload-file.md").read_text()


def test_its_example_is_read(tmp_path: Path) -> None:
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    file = tmp_path / "workload.yaml"
    file.write_text(found[1])
    workload = manifest.load(file)
    sensor, alarm, service = workload.release.components
    assert sensor.triggers == (Every(1000),)
    assert alarm.triggers == (InputEdge("door", EdgeKind.ANY), MessageFilter("alarm.*"))
    assert service.triggers == (Service(),)
    assert sensor.grants["wasi:i2c/i2c@0.2.0-draft"] == Grant(("i2c-env",))
    assert alarm.grants["wasi:keyvalue/store@0.2.0-draft"] == Grant(("state",))
    assert service.limits == Limits()
    assert sensor.limits == Limits(memory=32_768)
    assert workload.builds == (manifest.Build(tmp_path / "sensor", ("kelvin",)), None, None)


def test_its_defaults_are_those_of_the_code() -> None:
    told = {
        name: int(value.replace(",", "")) for name, value in re.findall(r"^\| `([a-z-]+)` \| ([\d,]+) \|", PAGE, re.M)
    }
    assert told == {field.name.replace("_", "-"): field.default for field in fields(Limits)}
    for field in (one for one in fields(Probation) if one.default is not None):
        assert re.search(rf"`{field.name}` [a-z ]+\({field.default}\)|{field.name}.*\({field.default}\)", PAGE)
