"""`python -m bench.footprint`: measures the agent beside a bare script, prints the table and writes the page.

`--quick` waits for seconds instead of minutes and writes nothing; `--tables` writes the page anew from what was
measured before.
"""

from __future__ import annotations

import json
import os
import sys

from bench import edge_restart
from bench.footprint import report, resident, speed


def main(arguments: list[str]) -> None:
    """Measure, or only write the page."""
    if "--tables" in arguments:
        sys.stdout.write(report.write(json.loads(report.NUMBERS.read_text())))
        return
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an agent that compiles its own code at each start is larger
    quick = "--quick" in arguments
    found = resident.measure(resident.QUICK if quick else resident.Periods())
    found |= edge_restart.measure()
    found |= speed.measure()
    found = {name: float(f"{value:.6g}") for name, value in found.items()}
    sys.stdout.write(report.page(found, "") if quick else report.write(found))


if __name__ == "__main__":
    main(sys.argv[1:])
