"""Why a host refuses something: the names and numbers of formats.md section 8, the same on boards and edge hosts."""

from enum import IntEnum


class Refusal(IntEnum):
    """A reason to refuse; the number is the SMP return code of group 64."""

    INTERNAL = 1
    MALFORMED = 2
    UNSIGNED = 3
    UNKNOWN_KEY = 4
    BAD_SIGNATURE = 5
    DIGEST_MISMATCH = 6
    WRONG_VENDOR = 7
    WRONG_CLASS = 8
    OLD_SEQUENCE = 9
    UNSUPPORTED = 10
    NO_SPACE = 11
    WRONG_STATE = 12
    NOT_ENROLLED = 13
    ALREADY_ENROLLED = 14
    NOT_GRANTED = 15
    NO_SUCH_LABEL = 16
    INCOMPATIBLE = 17
    BUSY = 18
    NO_SUCH_WORKLOAD = 19
    OVER_LIMIT = 20
    FLASH = 21

    @property
    def label(self) -> str:
        """The name as written in reports and reasons, for example `bad-signature`."""
        return self.name.lower().replace("_", "-")

    @classmethod
    def from_label(cls, label: str) -> "Refusal | None":
        """The refusal written as `label`, or None when there is no such name."""
        return _BY_LABEL.get(label)


_BY_LABEL = {refusal.label: refusal for refusal in Refusal}
