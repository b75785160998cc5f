"""The errors of `hil`; like those of `provisioning`, their text says what, where and what next.

```
ProvisioningError
└── RigError (1)            anything of rigs and emulators that could not be done
    ├── RigFileError (2)    the rig file does not describe a rig
    ├── BusyError (1)       another process holds the board's lock; the text names it
    └── EmulatorError (1)   an emulator does not start, answer or end
        └── QmpError (1)    the emulator's control socket refused a command
```
"""

from provisioning.errors import ProvisioningError


class RigError(ProvisioningError):
    """Anything of rigs and emulators that could not be done."""


class RigFileError(RigError):
    """The rig file does not describe a rig."""

    exit_code = 2


class BusyError(RigError):
    """Another process holds the board's lock."""


class EmulatorError(RigError):
    """An emulator does not start, answer or end."""


class QmpError(EmulatorError):
    """The emulator's control socket refused a command."""
