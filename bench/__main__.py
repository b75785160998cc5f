"""`make bench`: measures everything, prints the table, and writes the page of the documentation."""

import sys

from bench import report, size, speed


def main() -> None:
    """Measure sizes and speed, or with `--tables` only write the page anew from what was measured before."""
    if "--tables" not in sys.argv[1:]:
        size.measure()
        speed.measure()
    page = report.write()
    sys.stdout.write(page)


if __name__ == "__main__":
    main()
