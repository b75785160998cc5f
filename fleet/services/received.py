"""How far a stream of numbered records has arrived: arithmetic on ranges, no input or output.

Records of one (device, stream, epoch) are numbered 1, 2, 3, ... (formats.md section 7). Batches come late, twice or
in any order. What arrived is one number up to which everything is there, and a few ranges beyond the first gap.
Whether a batch brings anything new is therefore known without a look at the stored records.
"""

from dataclasses import dataclass

MAX_RANGES_AHEAD = 64

Range = tuple[int, int]
"""First and last sequence number, both included."""


class TooFarAheadError(ValueError):
    """A batch would make one more range than is kept; the device sends it again once the gaps before it are filled."""


@dataclass(frozen=True)
class Received:
    """Everything up to `contiguous` is there, and the ranges `ahead` of the first gap, in order and apart."""

    contiguous: int = 0
    ahead: tuple[Range, ...] = ()

    def missing(self, first: int, last: int) -> list[Range]:
        """The parts of `first` to `last` that have not arrived yet, in order."""
        result = []
        at = max(first, self.contiguous + 1)
        for begin, end in self.ahead:
            if at > last:
                break
            if begin > at:
                result.append((at, min(begin - 1, last)))
            at = max(at, end + 1)
        if at <= last:
            result.append((at, last))
        return result

    def since(self, held: int) -> "Received":
        """What has arrived for a device that has nothing below `held` any more: what is missing there never comes."""
        if held - 1 <= self.contiguous:
            return self
        contiguous, ahead = held - 1, []
        for begin, end in self.ahead:
            if begin <= contiguous + 1:
                contiguous = max(contiguous, end)
            else:
                ahead.append((begin, end))
        return Received(contiguous, tuple(ahead))

    def add(self, first: int, last: int) -> "Received":
        """What has arrived together with `first` to `last`; TooFarAheadError when that would leave too many gaps."""
        if last < first:
            return self
        contiguous = self.contiguous
        ahead: list[Range] = []
        for begin, end in sorted([*self.ahead, (first, last)]):
            if begin <= contiguous + 1:
                contiguous = max(contiguous, end)
            elif ahead and begin <= ahead[-1][1] + 1:
                ahead[-1] = (ahead[-1][0], max(ahead[-1][1], end))
            else:
                ahead.append((begin, end))
        if len(ahead) > MAX_RANGES_AHEAD:
            raise TooFarAheadError(f"records {first} to {last} lie beyond {MAX_RANGES_AHEAD} gaps")
        return Received(contiguous, tuple(ahead))
