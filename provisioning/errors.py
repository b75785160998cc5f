"""The errors of `provisioning`; `petiole` prints their text and ends with their exit code.

```
ProvisioningError (1)        something could not be done; text: what, where, what next
├── InputError (2)           a file, name or option given by a person is wrong: nothing was changed
│   └── BoardFileError (2)   a file in boards/ does not describe a board
├── ToolError (1)            a program that this package runs (cargo, PlatformIO, petiole-aot) is missing or failed
├── FleetError (1)           the fleet cannot be reached or refused
│   ├── FleetUnreachableError (1)
│   └── FleetRefusedError (1)   carries the API's status and error code
├── DeviceError (1)          a board on a serial port
│   ├── PortError (1)        the port cannot be opened, or is held by another process
│   ├── NoAnswerError (1)    nothing understandable came back in time
│   └── DeviceRefusedError (1)  the board answered with an error of its own
└── DeploymentError (1)      a deployment ended rolled back, failed, or not in time
```
Exit codes are stable: 0 done, 1 could not be done, 2 wrong input.
"""


class ProvisioningError(Exception):
    """Something could not be done. `what` happened, `where`, and what to do `next_step`."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next_step = next_step

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  {self.next_step}" if self.next_step else head


class InputError(ProvisioningError):
    """A file, name or option given by a person is wrong; nothing was changed."""

    exit_code = 2


class BoardFileError(InputError):
    """A file in boards/ does not describe a board."""


class ToolError(ProvisioningError):
    """A program that this package runs is missing or failed."""


class FleetError(ProvisioningError):
    """The fleet cannot be reached or refused."""


class FleetUnreachableError(FleetError):
    """No connection to the fleet's API."""


class FleetRefusedError(FleetError):
    """The fleet answered with an error: HTTP `status` and the API's `code`, for example `wrong-class`."""

    def __init__(self, what: str, *, status: int, code: str, where: str = "", next_step: str = "") -> None:
        super().__init__(what, where=where, next_step=next_step)
        self.status = status
        self.code = code


class DeviceError(ProvisioningError):
    """Something is wrong with a board on a serial port."""


class PortError(DeviceError):
    """The port cannot be opened, or is held by another process."""


class NoAnswerError(DeviceError):
    """Nothing understandable came back in time."""


class DeviceRefusedError(DeviceError):
    """The board answered with an error: SMP `group` and `rc` (formats.md section 8)."""

    def __init__(self, what: str, *, group: int, rc: int, where: str = "", next_step: str = "") -> None:
        super().__init__(what, where=where, next_step=next_step)
        self.group = group
        self.rc = rc


class DeploymentError(ProvisioningError):
    """A deployment ended rolled back, failed, or not in time."""
