"""Sequence numbers of releases: a device takes only greater ones than it has had (formats.md section 4).

The default is the Unix time in seconds, so that machines that know nothing of each other count on in one order; more
than one release in a second, or a clock that was set back, get the number after the last one used here.
"""

import fcntl
import time

from provisioning import checkout


def reserve(workload: str, above: int = 0) -> int:
    """A number for a release of `workload` that is greater than `above` and than any that was reserved here before."""
    folder = checkout.cache() / "sequences"
    folder.mkdir(exist_ok=True)
    with (folder / workload).open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        number = max(int(time.time()), above + 1, int(text) + 1 if text.isdecimal() else 0)
        file.truncate(0)
        file.write(str(number))
    return number
