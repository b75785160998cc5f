"""The errors of the fleet. Each carries the code and the HTTP status under which the API reports it.

```
Exception
└── FleetError                 anything the fleet refuses or cannot do; the message says what, where and what next
    ├── NotFoundError          404 there is no such site, device, release or payload
    ├── ConflictError          409 it contradicts what is there (`exists`, `wrong-class`, ...)
    ├── InvalidError           400 what was sent is not acceptable (`malformed`, or the name of a refusal)
    ├── ForbiddenError         403 a token that is unknown, used or expired; 401 without the API's token
    ├── UnavailableError       503 a service the fleet needs does not answer (`broker-unreachable`)
    ├── NoAnswerError          504 a device did not answer in time
    └── SetupError             the fleet cannot start like this: settings, ports, files, database
```
"""


class FleetError(Exception):
    """Anything the fleet refuses or cannot do."""

    status = 500

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotFoundError(FleetError):
    """What was asked for does not exist."""

    status = 404


class ConflictError(FleetError):
    """The request contradicts what is there."""

    status = 409


class InvalidError(FleetError):
    """What was sent is not acceptable; for a bundle the code is the name of the refusal."""

    status = 400


class ForbiddenError(FleetError):
    """The request does not prove that it may be made."""

    def __init__(self, code: str, message: str, status: int = 403) -> None:
        super().__init__(code, message)
        self.status = status


class UnavailableError(FleetError):
    """A service that the fleet needs does not answer."""

    status = 503


class NoAnswerError(FleetError):
    """A device did not answer in time."""

    status = 504


class SetupError(FleetError):
    """The fleet cannot start like this; shown on the terminal, never sent."""

    def __init__(self, message: str) -> None:
        super().__init__("setup", message)
